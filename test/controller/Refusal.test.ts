import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as TestClock from "effect/testing/TestClock"
import type { DeliveryStatus } from "../../src/api/v1alpha1/DeliveryStatus.ts"
import { Decided } from "../../src/controller/decide.ts"
import * as Refusal from "../../src/controller/Refusal.ts"
import { RedactedValues, Redactions } from "../../src/domain/redact.ts"
import { AccessDenied, InvalidSpec, PolicyUnavailable, type StageError } from "../../src/domain/StageError.ts"
import { Identity } from "../../src/kube/Identity.ts"
import { Notify } from "../../src/notify/Notify.ts"
import { Rights } from "../../src/pipeline/Rights.ts"
import { unchanged } from "../notify/outcomes.ts"
import { at, inProcess, makeWorld, notifiers, rightsIn, states } from "../notify/process.ts"
import { live, liveNotifier, type Options, registry } from "./live.ts"

const identity = Identity.ServiceAccount({ namespace: "shop", name: "sluice" })
const broken = new PolicyUnavailable({ detail: "PolicyBundle baseline selects this Delivery and cannot judge: no" })
const revision = `main@sha1:${"a".repeat(40)}`

const refused = (error: StageError, identity: Identity) =>
  Decided.Refused({ error, identity }) as Decided & { readonly _tag: "Refused" }

/** One process that tends a Delivery. */
const played = Effect.fnUntraced(function*(
  world: ReturnType<typeof makeWorld>,
  spec: NonNullable<Options["spec"]>,
  work: (refusal: {
    readonly refuse: (error: StageError, as?: Identity, lasting?: `${number} seconds`) => Effect.Effect<void>
    readonly over: Effect.Effect<void>
    readonly succeed: Effect.Effect<void>
    readonly asked: ReadonlyArray<Identity>
  }) => Effect.Effect<void>,
  status: DeliveryStatus = { lastAppliedRevision: revision }
) {
  const known = registry(live("shop/web", { spec }))
  const delivery = known.get("shop/web")!
  for (const notifier of notifiers) known.notifiers.set(`shop/${notifier.metadata.name}`, liveNotifier(notifier))
  const asked: Array<Identity> = []
  const lines: Array<string> = []
  yield* inProcess(world, (notify) =>
    Effect.gen(function*() {
      const own = yield* Layer.build(rightsIn(world))
      const refusal = yield* Refusal.make("shop/web", known, Effect.succeed(status)).pipe(
        Effect.provideService(Notify, notify),
        Effect.provideService(Rights, { of: (_, identity) => (asked.push(identity), own) })
      )
      yield* work({
        asked,
        over: refusal.over,
        refuse: (error, as = identity, lasting = "5 seconds") =>
          Effect.andThen(refusal.noted(error), Effect.forkScoped(refusal.told(delivery, refused(error, as)))).pipe(
            Effect.andThen(TestClock.adjust("0 seconds")),
            Effect.andThen(TestClock.adjust(lasting)),
            Effect.scoped
          ),
        succeed: notify.tell(delivery.resource as never, notifiers, at("a"), unchanged).pipe(Effect.provide(own))
      })
      yield* notify.flush
    }).pipe(Effect.scoped)).pipe(
      Effect.provide(
        Logger.layer([
          Logger.make<unknown, void>(({ logLevel, message }) => void lines.push(`${logLevel} ${String(message)}`))
        ])
      )
    )
  return { lines, asked }
})

const chat = { notify: [{ name: "chat" }] }
const dataOf = (body: string) =>
  (JSON.parse(body) as {
    readonly data: { readonly previous?: string; readonly url: string; readonly error?: { readonly message: string } }
  }).data

describe("who may not run", () => {
  it.effect("is told to its Notifiers and to the log, once, and so is that it runs again", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      const { lines } = yield* played(world, chat, ({ over, refuse, succeed }) =>
        Effect.gen(function*() {
          yield* refuse(broken)
          yield* refuse(broken)
          yield* over
          yield* over
          yield* succeed
        }))
      assert.deepStrictEqual(states(world.receiver.accepted), ["failed", "recovered"])
      const { error, previous, url } = dataOf(world.receiver.accepted[0]!.body)
      assert.include(error?.message, "PolicyBundle baseline")
      assert.strictEqual(previous, revision)
      assert.strictEqual(url, "https://git.example.com/shop.git")
      assert.deepStrictEqual(lines, [
        "Warn cannot run: PolicyUnavailable: PolicyBundle baseline selects this Delivery and cannot judge: no",
        "Info may run again"
      ])
    }))

  it.effect("is told each reason, and each time anew", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      yield* played(world, chat, ({ over, refuse, succeed }) =>
        Effect.gen(function*() {
          yield* refuse(broken)
          yield* refuse(new AccessDenied({ detail: "acts as ServiceAccount sluice, which does not exist" }))
          yield* over
          yield* succeed
          yield* refuse(broken)
        }))
      assert.deepStrictEqual(states(world.receiver.accepted), ["failed", "failed", "recovered", "failed"])
    }))

  it.effect("is not told again by the next process, which tells that it recovered", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      yield* played(world, chat, ({ refuse }) => refuse(broken))
      const { lines } = yield* played(world, chat, ({ refuse }) => refuse(broken))
      assert.lengthOf(world.receiver.accepted, 1)
      assert.lengthOf(lines, 1)
      yield* played(world, chat, ({ succeed }) => succeed)
      assert.deepStrictEqual(states(world.receiver.accepted), ["failed", "recovered"])
    }))

  it.effect("wakes nobody, and reads no record, where that is over within seconds or nobody is to be told", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      const { asked } = yield* played(
        world,
        chat,
        ({ over, refuse }) =>
          Effect.andThen(Effect.andThen(refuse(broken, identity, "2 seconds"), over), TestClock.adjust("1 hour"))
      )
      yield* played(world, { notify: [] }, ({ refuse }) => refuse(broken))
      assert.lengthOf(world.receiver.accepted, 0)
      assert.strictEqual(world.record.state.loads, 0)
      assert.lengthOf(asked, 0)
    }))

  it.effect("is told as the account that it would act as, also where it has no source", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      const error = new InvalidSpec({ detail: "spec.source is missing" })
      const { asked } = yield* played(world, { ...chat, source: undefined }, ({ refuse }) => refuse(error), {})
      assert.deepStrictEqual(asked, [identity])
      assert.deepStrictEqual(states(world.receiver.accepted), ["failed"])
      assert.strictEqual(dataOf(world.receiver.accepted[0]!.body).url, "")
    }))

  it.effect("says no secret that the process has used", () =>
    Effect.gen(function*() {
      const world = makeWorld()
      const secretive = new RedactedValues()
      secretive.add("canary-7f31")
      yield* played(world, chat, ({ refuse }) => refuse(new PolicyUnavailable({ detail: "canary-7f31 is no branch" })))
        .pipe(Effect.provideService(Redactions, secretive))
      assert.strictEqual(dataOf(world.receiver.accepted[0]!.body).error?.message, "(redacted) is no branch")
    }))
})
