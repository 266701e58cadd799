import { readFile } from "node:fs/promises"
import type { JsonObject } from "../../../src/domain/Json.ts"

/**
 * All requests, written when the response is complete (for a watch: also when it starts); without bodies, but for the
 * Leases of replicas, which tell who had what.
 */
export const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - {level: RequestResponse, namespaces: [sluice-system], resources: [{group: coordination.k8s.io, resources: [leases]}]}
  - {level: Metadata}
`

/** One line of the audit log: what tests ask about. */
export interface AuditEvent {
  readonly auditID: string
  readonly stage: "ResponseStarted" | "ResponseComplete" | "Panic"
  readonly verb: string
  readonly requestURI: string
  readonly user: { readonly username: string; readonly groups?: ReadonlyArray<string> }
  readonly impersonatedUser?: { readonly username: string; readonly groups?: ReadonlyArray<string> }
  readonly userAgent?: string
  readonly objectRef?: {
    readonly resource: string
    readonly namespace?: string
    readonly name?: string
    readonly apiGroup?: string
    readonly apiVersion?: string
    readonly subresource?: string
  }
  readonly responseStatus?: { readonly code?: number; readonly reason?: string }
  readonly requestReceivedTimestamp: string
  /** When this stage was reached: of a request that is complete, when it was answered. */
  readonly stageTimestamp: string
  /** Of Leases alone. */
  readonly responseObject?: JsonObject
}

/** The events in an audit log so far; a line that is still being written is left out. */
export const readAudit = async (file: string): Promise<ReadonlyArray<AuditEvent>> => {
  const text = await readFile(file, "utf8")
  return text.slice(0, text.lastIndexOf("\n") + 1).split("\n").filter(Boolean).map((line) => JSON.parse(line))
}
