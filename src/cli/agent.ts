import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Result from "effect/Result"
import { hostname } from "node:os"
import type { AgentOptions } from "../agent.ts"
import { milliseconds } from "../api/v1alpha1/Delivery.ts"
import { settings } from "../config.ts"
import { controller } from "../controller/Controller.ts"
import { InvalidSpec } from "../domain/StageError.ts"
import { Members } from "../members/Members.ts"
import { machinePlace, podPlace } from "../members/Place.ts"
import { type Address, displayAddress, parseAddress } from "../server/address.ts"
import type { CannotListen } from "../server/listen.ts"
import { Server } from "../server/Server.ts"
import { type Given, textOf } from "./commandLine.ts"
import { Failures } from "./Failures.ts"

const defaults = {
  http: "127.0.0.1:9292",
  metrics: "127.0.0.1:8080",
  namespace: "sluice-system",
  lease: "15s",
  room: "3Gi"
}

/** Bytes of a quantity as Kubernetes writes them: `3Gi`, `500Mi`, a number. */
const bytesOf = (quantity: string): number => {
  const [, number, unit = ""] = /^([0-9]+)(|Mi|Gi|Ti)$/u.exec(quantity) ?? []
  return Number(number) * { "": 1, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 }[unit]!
}
/** Bytes: the largest tree that may be has to find room. */
const leastRoom = 2 ** 29

/** Seconds for which a Lease may hold: shorter ones cost renewals, longer ones make others wait. */
const [shortest, longest] = [3, 300]

/** As a name of Kubernetes: it stands in that of a Lease. */
const instanceName = /^[a-z0-9]([a-z0-9.-]{0,198}[a-z0-9])?$/u

/** A machine's name as one of Kubernetes. */
const named = (host: string): string =>
  host.toLowerCase().replaceAll(/[^a-z0-9.-]+/gu, "-").replaceAll(/^[.-]+|[.-]+$/gu, "").slice(0, 200) || "sluice"

/** What the command line says about the agent. */
export const settingsOf = Effect.fnUntraced(function*(given: Given) {
  const errors: Array<InvalidSpec> = []
  const wrong = (flag: string, detail: string, hint: string) => {
    errors.push(new InvalidSpec({ detail: `--${flag}: ${detail}`, hint }))
  }
  const address = (flag: string, otherwise: string): Address => {
    const parsed = parseAddress(textOf(given, flag) ?? otherwise)
    if (Result.isSuccess(parsed)) return parsed.success
    wrong(flag, parsed.failure, "Port 0 takes one that is free.")
    return { host: "", port: 0 }
  }
  const { replica } = yield* settings
  const instance = textOf(given, "instance") ?? named(replica.name || hostname())
  if (!instanceName.test(instance)) {
    wrong(
      "instance",
      `${JSON.stringify(instance)} is no name`,
      "Lower-case letters, digits, dashes and dots, up to 200."
    )
  }
  const lease = textOf(given, "lease-duration") ?? defaults.lease
  const seconds = /^[0-9.]+(ms|s|m|h)([0-9.]+(ms|s|m|h))*$/u.test(lease) ? milliseconds(lease) / 1_000 : Number.NaN
  if (!(Number.isInteger(seconds) && seconds >= shortest && seconds <= longest)) {
    const hint = "15s is right for most clusters; others take over after so long."
    wrong("lease-duration", `${JSON.stringify(lease)} is no number of whole seconds from 3s to 5m`, hint)
  }
  const concurrency = textOf(given, "concurrency")
  const count = concurrency === undefined ? undefined : Number(concurrency)
  if (count !== undefined && !(Number.isInteger(count) && count >= 1 && count <= 1_000)) {
    wrong("concurrency", `${JSON.stringify(concurrency)} is no number from 1 to 1000`, "32 is right for most clusters.")
  }
  const limit = textOf(given, "data-limit") ?? defaults.room
  const room = bytesOf(limit)
  if (!(room >= leastRoom)) {
    wrong("data-limit", `${JSON.stringify(limit)} is no size from 512Mi on`, "Such as 3Gi; the volume needs 1Gi more.")
  }
  const collector = textOf(given, "otlp-endpoint")
  if (collector !== undefined && !/^https?:\/\//u.test(collector)) {
    wrong("otlp-endpoint", `${JSON.stringify(collector)} is no http address`, "Such as http://collector:4318.")
  }
  const options: AgentOptions = {
    kubeconfig: textOf(given, "kubeconfig"),
    context: textOf(given, "context"),
    data: textOf(given, "data-dir"),
    room,
    http: address("http-address", defaults.http),
    metrics: textOf(given, "metrics-address") === "none" ? undefined : address("metrics-address", defaults.metrics),
    concurrency: count,
    allowLoopback: given.switches.has("allow-loopback"),
    cluster: textOf(given, "cluster-name"),
    otlpEndpoint: collector,
    replica: {
      instance,
      place: replica.uid === "" ? machinePlace(named(hostname())) : podPlace(replica.uid),
      namespace: textOf(given, "agent-namespace") ?? (replica.namespace || defaults.namespace),
      duration: 1_000 * seconds
    },
    ready: yield* Latch.make(false)
  }
  if (errors.length > 0) return yield* new Failures({ errors })
  return options
})

/**
 * Reconciles the Deliveries of a cluster until it is interrupted. Says where it listens, and when it has seen everything
 * that is there.
 */
export const agent = Effect.fn("agent")(function*(given: Given, { ready, replica }: AgentOptions) {
  const { http, metrics } = yield* Server
  const { ended } = yield* Members
  const pod = (yield* settings).replica.address
  const also = metrics === undefined ? "" : `; metrics on ${displayAddress(metrics)} `
  yield* Effect.logInfo(`listening: http on ${displayAddress(http)} ${also}`)
  yield* Effect.forkChild(Effect.andThen(ready.await, Effect.logInfo("ready: all Deliveries are known")))
  const controlling = controller({
    agentNamespace: replica.namespace,
    allowCrossNamespace: given.switches.has("allow-cross-namespace"),
    address: reachable(http, pod),
    ready
  })
  yield* Effect.raceFirst(Effect.scoped(controlling), ended).pipe(
    Effect.catchTag("Usurped", ({ message }) =>
      Effect.fail(
        new Failures({
          errors: [
            new InvalidSpec({ detail: message, hint: "Give each process a name of its own with --instance." })
          ]
        })
      ))
  )
  return 0
})

/** Where other replicas reach what listens here; undefined where only this machine may, and others are elsewhere. */
const reachable = ({ host, port }: Address, pod: string): string | undefined => {
  const isEverywhere = host === "" || host === "0.0.0.0" || host === "::"
  if (pod === "") return isEverywhere ? undefined : displayAddress({ host, port })
  return isEverywhere || host === pod ? displayAddress({ host: pod, port }) : undefined
}

/** An address that cannot be listened on is a mistake in the command line. */
export const cannotListen = ({ message }: CannotListen): Failures =>
  new Failures({
    errors: [new InvalidSpec({ detail: message, hint: "Name another with --http-address or --metrics-address." })]
  })
