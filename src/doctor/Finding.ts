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
}

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

const untold = (check: Subject, failure: KubeFailure): Finding =>
  failure.status === 401
    ? failed(
      check,
      "the API server does not know you",
      "Renew what the kubeconfig proves you with, or take another --context."
    )
    : refusalOf(failure) === "denied"
    ? warning(
      check,
      `cannot be told: you may not ${failure.verb} ${failure.resource}`,
      "Ask again as somebody who may, with --context."
    )
    : warning(check, `cannot be told: ${failure.message}`, "Ask again; the API server did not answer as it should.")

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
          warning(
            check,
            `cannot be told: it took longer than ${milliseconds / 1_000} s`,
            "Give it longer with --timeout."
          )
        ])
    }),
    Effect.catchTag("KubeFailure", (failure) => Effect.succeed([untold(check, failure)])),
    Effect.catchDefect((defect) => {
      const why = defect instanceof Error ? defect.message : String(defect)
      const message = `cannot be told, by a mistake in Sluice: ${oneLine(why, 300)}`
      return Effect.succeed([warning(check, message, "Please report it; the other checks go on.")])
    })
  )
