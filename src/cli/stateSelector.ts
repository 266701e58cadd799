import * as Effect from "effect/Effect"
import { InvalidSpec } from "../domain/StageError.ts"
import { conditionOf, type ShownDelivery, stateOf } from "./ShownDelivery.ts"
import { suggestion } from "./suggestion.ts"

type Claim = (delivery: ShownDelivery) => string

const condition = (type: Parameters<typeof conditionOf>[1]): Claim => (delivery) =>
  (conditionOf(delivery, type)?.status ?? "Unknown").toLowerCase()

const claims: Readonly<Record<string, Claim>> = {
  ready: (delivery) => stateOf(delivery).ready.toLowerCase(),
  healthy: condition("Healthy"),
  reconciling: condition("Reconciling"),
  stalled: condition("Stalled"),
  policypassed: condition("PolicyPassed"),
  suspended: ({ isSuspended }) => String(isSuspended)
}

const values = new Set(["true", "false", "unknown"])

const refuse = (detail: string, hint: string) => InvalidSpec.make({ detail: `--status-selector ${detail}`, hint })

/** Reads `ready=false,suspended=true`: whether a Delivery is in all of these states. */
export const stateSelector = Effect.fnUntraced(function*(text: string | undefined) {
  const wanted: Array<{ readonly claim: Claim; readonly value: string }> = []
  for (const part of text === undefined ? [] : text.split(",")) {
    const [name = "", value = "", ...rest] = part.trim().toLowerCase().split("=")
    const claim = Object.hasOwn(claims, name) ? claims[name] : undefined
    if (claim === undefined) {
      return yield* refuse(`knows no state ${JSON.stringify(name)}`, suggestion(name, Object.keys(claims)))
    }
    if (!values.has(value) || rest.length > 0) {
      return yield* refuse(`${part} says nothing`, `Write it as ${name}=true, ${name}=false or ${name}=unknown.`)
    }
    wanted.push({ claim, value })
  }
  return (delivery: ShownDelivery): boolean => wanted.every(({ claim, value }) => claim(delivery) === value)
})
