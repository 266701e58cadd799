import type { Violation } from "../../domain/Decision.ts"
import { digest } from "../../domain/digest.ts"
import { identity } from "./described.ts"

/** Hexadecimal SHA-256 of what makes a finding the same finding when lines move. */
export const fingerprint = (violation: Violation, occurrence: number): string =>
  digest(...identity(violation), ...occurrence === 1 ? [] : [String(occurrence)]).slice("sha256:".length)
