import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import type { Run } from "../../src/domain/Outcome.ts"
import { KubeReader } from "../../src/kube/KubeReader.ts"
import { KubeWriter } from "../../src/kube/KubeWriter.ts"
import { Notify, type Options } from "../../src/notify/Notify.ts"
import { revision, run } from "./outcomes.ts"
import { delivery, makeRecord, notifier, secretsOf } from "./world.ts"

export const chat = delivery([{ name: "chat" }])
/** `chat` is a webhook, so that bodies are easily read; `people` is a real chat. */
export const notifiers = [
  notifier("chat", { webhook: { secretRef: { name: "hook" } } }),
  notifier("people", { slack: { secretRef: { name: "room" } } })
]
export const secrets = secretsOf({
  hook: { address: "https://hooks.example.com/canary-path-5511", token: "canary-key-9922" },
  room: { address: "https://hooks.example.com/canary-path-6622" }
})

export interface Accepted {
  readonly id: string
  readonly state: string
  readonly at: number
  readonly body: string
}

/** A receiver in memory: deterministic under the TestClock. What it answers is scripted; then 204. */
export const makeReceiver = () => {
  const accepted: Array<Accepted> = []
  const script: Array<{ readonly status: number; readonly headers?: Record<string, string> }> = []
  const state = { attempts: [] as Array<number>, around: (take: Effect.Effect<void>) => take }
  const client = HttpClient.make((request, _url, _signal, fiber) =>
    Effect.gen(function*() {
      const now = yield* TestClock.testClockWith((clock) => Effect.succeed(clock.currentTimeMillisUnsafe()))
      state.attempts.push(now)
      const next = script.shift()
      if (next !== undefined) {
        return HttpClientResponse.fromWeb(
          request,
          new Response("", { status: next.status, headers: next.headers ?? {} })
        )
      }
      const body = request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : "{}"
      const event = JSON.parse(body) as { readonly id?: string; readonly data?: { readonly state: string } }
      const taken = { id: event.id ?? "", state: event.data?.state ?? "", at: now, body }
      yield* state.around(Effect.sync(() => void accepted.push(taken)))
      return HttpClientResponse.fromWeb(request, new Response(null, { status: 204 }))
    }).pipe(Effect.provideContext(fiber.context))
  )
  return { accepted, script, state, layer: Layer.succeed(HttpClient.HttpClient, client) }
}

export const at = (letter: string, details: Partial<Run> = {}): Run => ({
  ...run,
  ...details,
  revision: revision(letter),
  startedAt: 0,
  durationMs: 1_000
})

/** One process: everything in memory ends with it, the record stays. */
export const inProcess = <A, E>(
  world: { readonly record: ReturnType<typeof makeRecord>; readonly receiver: ReturnType<typeof makeReceiver> },
  work: (
    notify: Notify["Service"]
  ) => Effect.Effect<A, E, Layer.Success<typeof secrets> | Layer.Success<typeof world.record.layer>>,
  options: Options = {}
) =>
  Effect.gen(function*() {
    return yield* work(yield* Notify)
  }).pipe(
    Effect.provide([
      Notify.layerNoDeps({ interval: 0, ...options }).pipe(Layer.provide(world.receiver.layer), Layer.fresh),
      world.record.layer,
      secrets
    ], { local: true })
  )

export const makeWorld = () => ({ record: makeRecord(), receiver: makeReceiver() })

/** The rights of a Delivery that touches nothing in the cluster but its record. */
export const rightsIn = ({ record }: ReturnType<typeof makeWorld>) =>
  Layer.mergeAll(
    record.layer,
    secrets,
    Layer.mock(KubeReader)({ identity: "test" }),
    Layer.mock(KubeWriter)({})
  )

export const states = (accepted: ReadonlyArray<Accepted>) => {
  const seen = new Map(accepted.map(({ id, state }) => [id, state]))
  return [...seen.values()]
}
