import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { KubeFailure } from "../domain/StageError.ts"

/** A Secret that stands beside a delivery: it goes before the cluster's. Its values are decoded. */
export interface GivenSecret {
  readonly namespace: string
  readonly name: string
  readonly values: Readonly<Record<string, Redacted.Redacted<string>>>
}

/**
 * The right to read the Secrets that a delivery refers to: those given beside it, else the cluster's, read with the
 * rights of the delivery's own namespace. Values are decoded; they stay redacted until they are used.
 */
export class Secrets extends Context.Service<Secrets, {
  /** The keys of a Secret in the delivery's namespace; undefined if there is no such Secret. */
  readonly get: (
    name: string
  ) => Effect.Effect<Readonly<Record<string, Redacted.Redacted<string>>> | undefined, KubeFailure>
}>()("sluice/kube/Secrets") {}
