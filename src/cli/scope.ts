import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { GoDuration, milliseconds } from "../api/v1alpha1/Delivery.ts"
import { FetchFailed, InvalidSpec, type StageError } from "../domain/StageError.ts"
import { KubeClient } from "../kube/KubeClient.ts"
import { type Given, textOf } from "./commandLine.ts"
import { deliveries, refusal } from "./resources.ts"

/** The namespace that a command line means: `-n`, else that of the kubeconfig's context. */
export const namespaceOf = (given: Given): Effect.Effect<string, StageError, KubeClient> => {
  const named = textOf(given, "namespace")
  return named === undefined
    ? Effect.flatMap(KubeClient, ({ namespace }) => Effect.mapError(namespace, refusal))
    : Effect.succeed(named)
}

/** The same, or undefined for all of them. */
export const scopeOf = (given: Given): Effect.Effect<string | undefined, StageError, KubeClient> =>
  given.switches.has("all-namespaces") ? Effect.succeed(undefined) : namespaceOf(given)

export interface Name {
  readonly namespace: string
  readonly name: string
}

/** Reads `shop`, `delivery/shop` and `shop/checkout`: the namespace and the name of a Delivery. */
export const nameIn = (text: string, namespace: string): Name => {
  const cut = text.indexOf("/")
  if (cut === -1) return { namespace, name: text }
  const [before, after] = [text.slice(0, cut), text.slice(cut + 1)]
  return deliveries.words.includes(before.toLowerCase()) ? nameIn(after, namespace) : { namespace: before, name: after }
}

const isDuration = Schema.is(GoDuration)

/** Milliseconds of a flag that takes a duration. */
export const durationOf = (given: Given, flag: string, otherwise: string): Effect.Effect<number, InvalidSpec> => {
  const text = textOf(given, flag) ?? otherwise
  return isDuration(text)
    ? Effect.succeed(milliseconds(text))
    : InvalidSpec.make({ detail: `--${flag} ${text} is no duration`, hint: "Write it as 90s, 5m or 1h30m." })
}

const patience = "1m"

/** Gives up when the cluster takes longer to answer than this: a duration in Go's notation. */
export const within = <A, E, R>(timeout: string, answer: Effect.Effect<A, E, R>) =>
  Effect.timeoutOrElse(answer, {
    duration: milliseconds(timeout),
    orElse: () =>
      FetchFailed.make({
        detail: `the cluster did not answer within ${timeout}`,
        hint: "Check that it can be reached from here, or give it longer with --timeout.",
        exitCode: 3
      })
  })

/** The same by `--timeout`. */
export const answeredInTime = <A, E, R>(given: Given, answer: Effect.Effect<A, E, R>) =>
  Effect.andThen(
    durationOf(given, "timeout", patience),
    within(textOf(given, "timeout") ?? patience, answer)
  )
