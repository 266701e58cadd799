import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Result from "effect/Result"
import { hostname } from "node:os"
import type { AgentOptions } from "../agent.ts"
import { controller } from "../controller/Controller.ts"
import { InvalidSpec } from "../domain/StageError.ts"
import { type Address, displayAddress, parseAddress } from "../server/address.ts"
import type { CannotListen } from "../server/listen.ts"
import { Server } from "../server/Server.ts"
import { type Given, textOf } from "./commandLine.ts"
import { Failures } from "./Failures.ts"

const defaults = { http: "127.0.0.1:9292", metrics: "127.0.0.1:8080", namespace: "sluice-system" }

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
  const concurrency = textOf(given, "concurrency")
  const count = concurrency === undefined ? undefined : Number(concurrency)
  if (count !== undefined && !(Number.isInteger(count) && count >= 1 && count <= 1_000)) {
    wrong("concurrency", `${JSON.stringify(concurrency)} is no number from 1 to 1000`, "32 is right for most clusters.")
  }
  const collector = textOf(given, "otlp-endpoint")
  if (collector !== undefined && !/^https?:\/\//u.test(collector)) {
    wrong("otlp-endpoint", `${JSON.stringify(collector)} is no http address`, "Such as http://collector:4318.")
  }
  const options: AgentOptions = {
    kubeconfig: textOf(given, "kubeconfig"),
    context: textOf(given, "context"),
    data: textOf(given, "data-dir"),
    http: address("http-address", defaults.http),
    metrics: textOf(given, "metrics-address") === "none" ? undefined : address("metrics-address", defaults.metrics),
    concurrency: count,
    allowLoopback: given.switches.has("allow-loopback"),
    cluster: textOf(given, "cluster-name"),
    otlpEndpoint: collector,
    ready: yield* Latch.make(false)
  }
  if (errors.length > 0) return yield* new Failures({ errors })
  return options
})

/**
 * Reconciles the Deliveries of a cluster until it is interrupted. Says where it listens, and when it has seen everything
 * that is there.
 */
export const agent = Effect.fn("agent")(function*(given: Given, { ready }: AgentOptions) {
  const { http, metrics } = yield* Server
  const also = metrics === undefined ? "" : `; metrics on ${displayAddress(metrics)} `
  yield* Effect.logInfo(`listening: http on ${displayAddress(http)} ${also}`)
  yield* Effect.forkChild(Effect.andThen(ready.await, Effect.logInfo("ready: all Deliveries are known")))
  yield* Effect.scoped(controller({
    agentNamespace: textOf(given, "agent-namespace") ?? defaults.namespace,
    allowCrossNamespace: given.switches.has("allow-cross-namespace"),
    instance: hostname(),
    ready
  }))
  return 0
})

/** An address that cannot be listened on is a mistake in the command line. */
export const cannotListen = ({ message }: CannotListen): Failures =>
  new Failures({
    errors: [new InvalidSpec({ detail: message, hint: "Name another with --http-address or --metrics-address." })]
  })
