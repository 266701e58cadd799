import * as Effect from "effect/Effect"
import { oneLine } from "../domain/plainText.ts"
import { refusalOf } from "../domain/refusal.ts"
import type { KubeFailure } from "../domain/StageError.ts"

/** What the checks are about, in the order in which they are told. */
export const subjects = [
  "cluster",
  "clock",
  "installation",
  "crds",
  "your rights",
  "agent",
  "agent's rights",
  "network",
  "programs",
  "git",
  "webhooks",
  "policies",
  "deliveries"
] as const
export type Subject = (typeof subjects)[number]

/** What one check found. No secret is in it. */
export interface Finding {
  readonly check: Subject
  readonly status: "ok" | "warning" | "failed"
  readonly message: string
  /** What would help, where something is wrong. */
  readonly remedy?: string
  /** Why it could not be told: the cluster refused, or nobody answered. */
  readonly untold?: Untold
}

export type Untold = "refused" | "unanswered"

/** Whether a failure is the cluster's no, or no answer. */
export const untoldBy = (failure: KubeFailure): Untold => refusalOf(failure) === "denied" ? "refused" : "unanswered"

export const ok = (check: Subject, message: string): Finding => ({ check, status: "ok", message })
export const warning = (check: Subject, message: string, remedy: string): Finding => ({
  check,
  status: "warning",
  message,
  remedy
})
export const failed = (check: Subject, message: string, remedy: string): Finding => ({
  check,
  status: "failed",
  message,
  remedy
})

/** A warning of what could not be told. */
export const unknown = (check: Subject, why: Untold, message: string, remedy: string): Finding => ({
  ...warning(check, message, remedy),
  untold: why
})

const untold = (check: Subject, failure: KubeFailure): Finding =>
  failure.status === 401
    ? failed(
      check,
      "the API server does not know you",
      "Renew what the kubeconfig proves you with, or take another --context."
    )
    : untoldBy(failure) === "refused"
    ? unknown(
      check,
      "refused",
      `cannot be told: you may not ${failure.verb} ${failure.resource}`,
      "Ask again as somebody who may, with --context."
    )
    : unknown(
      check,
      "unanswered",
      `cannot be told: ${failure.message}`,
      "Ask again; the API server did not answer as it should."
    )

/** A check that ends in time, and that only warns where it cannot be made: the cluster refuses, or we are mistaken. */
export const bounded = <R>(
  check: Subject,
  milliseconds: number,
  findings: Effect.Effect<ReadonlyArray<Finding>, KubeFailure, R>
): Effect.Effect<ReadonlyArray<Finding>, never, R> =>
  findings.pipe(
    Effect.timeoutOrElse({
      duration: milliseconds,
      orElse: () =>
        Effect.succeed([
          unknown(
            check,
            "unanswered",
            `cannot be told: it took longer than ${milliseconds / 1_000} s`,
            "Give it longer with --timeout."
          )
        ])
    }),
    Effect.catchTag("KubeFailure", (failure) => Effect.succeed([untold(check, failure)])),
    Effect.catchDefect((defect) => {
      const why = defect instanceof Error ? defect.message : String(defect)
      const message = `cannot be told, by a mistake in Sluice: ${oneLine(why, 300)}`
      return Effect.succeed([unknown(check, "unanswered", message, "Please report it; the other checks go on.")])
    })
  )

/** What all the rest hangs on. */
const decisive: ReadonlySet<Subject> = new Set<Subject>(["installation", "deliveries"])

/** Whether what all the rest hangs on could not be told: then that nothing failed says nothing. */
export const undecided = (findings: ReadonlyArray<Finding>): Untold | undefined => {
  const found = findings.flatMap(({ check, untold }) => untold !== undefined && decisive.has(check) ? [untold] : [])
  return found.includes("refused") ? "refused" : found[0]
}
