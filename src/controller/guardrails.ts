import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberMap from "effect/FiberMap"
import * as Latch from "effect/Latch"
import type * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { Redactions } from "../domain/redact.ts"
import { Identity } from "../kube/Identity.ts"
import { PolicyBundleWriter } from "../kube/PolicyBundleWriter.ts"
import { Members } from "../members/Members.ts"
import { guarding, type GuardState } from "../pipeline/guarding.ts"
import { Rights } from "../pipeline/Rights.ts"
import { bundleStatus } from "./bundleStatus.ts"
import * as BundleVoice from "./BundleVoice.ts"
import { isGuarding } from "./guards.ts"
import { hooked } from "./hooked.ts"
import { Newest } from "./Newest.ts"
import { type Guardrail, isWellFormed, type Registry } from "./Registry.ts"
import { secretsChange } from "./secretsChange.ts"

/** How long before a PolicyBundle begins anew that ended by a mistake of ours. */
const pause = "10 seconds"
/** How often it is counted whom bundles judge, while that may change. */
const counting = "1 second"

/** What a replica is asked whether it tends. */
const keyOfBundle = (name: string): string => `bundle/${name}`

/** Says in the status of a bundle how it stands; or nothing more, until it is asked to again. */
interface Speaker {
  readonly speak: Effect.Effect<void>
  readonly silence: Effect.Effect<void>
}

type Named = Pick<Guardrail, "name" | "uid">

/** The Deliveries that a bundle judges now. */
const judgedBy = (guardrail: Guardrail, known: Registry): ReadonlyArray<string> =>
  [...known.deliveries].flatMap(([id, delivery]) =>
    isWellFormed(delivery) && isGuarding(guardrail, delivery, known) ? [id] : []
  )

const isSame = (a: GuardState | undefined, b: GuardState): boolean =>
  a?.guard?.bundle.digest === b.guard?.bundle.digest && a?.guard?.revision === b.guard?.revision &&
  a?.error?._tag === b.error?._tag && a?.error?.message === b.error?.message

/** The secrets of a bundle's source, each in its own namespace, read as the agent: they are the platform's. */
const watched = Effect.fnUntraced(function*({ name, resource }: Guardrail, again: Effect.Effect<void>) {
  const { git, interval = "1m", webhook } = resource?.spec.source ?? {}
  const rights = yield* Rights
  const as = (namespace: string) => rights.of({ namespace, name }, Identity.Self())
  for (const ref of [git?.secretRef, webhook?.secretRef]) {
    if (ref === undefined) continue
    yield* secretsChange({ namespace: ref.namespace, names: [ref.name], interval }, again).pipe(
      Effect.provide(as(ref.namespace))
    )
  }
  if (git === undefined || webhook === undefined) return
  yield* hooked({ namespace: "", name, url: git.url, secret: webhook.secretRef.name }).pipe(
    Effect.provide(as(webhook.secretRef.namespace))
  )
})

/**
 * Keeps every PolicyBundle of the cluster loaded, says in its status whether it judges, and has the Deliveries thought
 * about again that it judges whenever that has become something else. One that cannot judge costs the others nothing.
 * `names`: which have changed. `recount` counts anew whom they judge. Every replica judges by all of them, and the one
 * that tends a bundle speaks of it; `leave` ends that where something does not hold, and returns when it has.
 */
export const guardrails = Effect.fnUntraced(function*(
  registry: Registry,
  names: Queue.Dequeue<string>,
  concern: (ids: Iterable<string>) => Effect.Effect<void>
) {
  const [members, redactions, rights] = [yield* Members, yield* Redactions, yield* Rights]
  const voices = new Map<string, Speaker>()
  const wards = new Map<string, { readonly uid: string; readonly newest: Newest<Guardrail> }>()
  const fibers = yield* FiberMap.make<string, void>()
  const stirred = yield* Latch.make(false)

  const current = ({ name, uid }: Named): Guardrail | undefined => {
    const found = registry.bundles.get(name)
    return found?.uid === uid ? found : undefined
  }

  const tend = Effect.fnUntraced(function*(newest: Newest<Guardrail>) {
    const first = newest.value
    /** What was loaded last, and by what the bundle said then. */
    let loaded: { readonly generation: number; readonly guard: GuardState["guard"] } | undefined
    const whole = yield* Effect.scope
    const writer = yield* PolicyBundleWriter
    const made = ({ status }: Guardrail) =>
      Effect.provideService(BundleVoice.make(first, status), PolicyBundleWriter, writer)
    /** While this replica tends the bundle. */
    let voice: { readonly says: BundleVoice.BundleVoice; readonly scope: Scope.Closeable } | undefined
    const lock = yield* Semaphore.make(1)
    const silence = Effect.suspend(() => {
      const before = voice
      voice = undefined
      return before === undefined ? Effect.void : Scope.close(before.scope, Exit.void)
    }).pipe(Semaphore.withPermit(lock))
    const speak = Effect.gen(function*() {
      const guardrail = current(first)
      if (guardrail === undefined || !members.tends(keyOfBundle(first.name))) return
      if (voice === undefined) {
        const scope = yield* Scope.fork(whole)
        voice = { scope, says: yield* made(guardrail).pipe(Scope.provide(scope)) }
      }
      const now = DateTime.formatIso(yield* DateTime.now)
      yield* voice.says.update((status) =>
        bundleStatus(status, {
          ...guardrail,
          now,
          redact: (text) => redactions.redact(text),
          waivers: guardrail.resource?.spec.waivers ?? [],
          deliveries: judgedBy(guardrail, registry).length
        })
      )
    }).pipe(Semaphore.withPermit(lock))
    voices.set(first.name, { speak, silence })

    const take = (generation: number) =>
      Effect.fnUntraced(function*(state: GuardState) {
        const before = current(first)
        if (before === undefined) return
        loaded = { generation, guard: state.guard }
        const isNews = !isSame(before.state, state)
        const guardrail = { ...before, state }
        registry.bundles.set(first.name, guardrail)
        yield* speak
        if (!isNews) return
        const { error, guard } = state
        yield* error !== undefined
          ? Effect.logWarning(`PolicyBundle ${first.name}: ${error.message}`)
          : Effect.logInfo(`PolicyBundle ${first.name} judges by ${guard?.policies.length ?? 0} policies`)
        yield* concern(judgedBy(guardrail, registry))
      })

    const follow = Effect.fnUntraced(function*(guardrail: Guardrail) {
      yield* speak
      const { generation, name, resource } = guardrail
      if (resource === undefined) return yield* Effect.never
      yield* watched(guardrail, newest.again)
      const namespace = resource.spec.source.git?.secretRef?.namespace ?? "default"
      // Other credentials make no other bundle of it: what was loaded judges until something else is.
      const known = loaded?.generation === generation ? loaded.guard : undefined
      yield* Effect.provide(
        guarding(resource, take(generation), known),
        rights.of({ namespace, name }, Identity.Self())
      )
    }, Effect.scoped)

    yield* newest.forEach(follow)
  }, Effect.scoped)

  const think = Effect.fnUntraced(function*(name: string) {
    const guardrail = registry.bundles.get(name)
    const ward = wards.get(name)
    if (ward !== undefined && ward.uid !== guardrail?.uid) {
      wards.delete(name)
      voices.delete(name)
      // It ends when its last word is written; no other bundle waits for that.
      yield* Effect.forkChild(FiberMap.remove(fibers, ward.uid))
    }
    if (guardrail === undefined) return
    if (ward !== undefined && ward.uid === guardrail.uid) return ward.newest.set(guardrail)
    const newest = new Newest(guardrail)
    wards.set(name, { uid: guardrail.uid, newest })
    const tending = Effect.catchCause(
      tend(newest),
      (cause) =>
        Effect.andThen(
          Effect.logError(`PolicyBundle ${name} begins anew: this is a mistake in Sluice`, cause),
          Effect.sleep(pause)
        )
    )
    yield* FiberMap.run(fibers, guardrail.uid, Effect.forever(tending))
  })

  yield* Effect.forkScoped(Stream.runForEach(Stream.fromQueue(names), think))
  yield* Effect.forkScoped(Effect.forever(Effect.gen(function*() {
    yield* stirred.await
    yield* stirred.close
    yield* Effect.forEach([...voices.values()], ({ speak }) => speak, { discard: true })
    yield* Effect.sleep(counting)
  })))
  return {
    recount: Effect.suspend(() => voices.size === 0 ? Effect.void : Effect.asVoid(stirred.open)),
    leave: (keeps: (key: string) => boolean) =>
      Effect.forEach(
        [...voices].filter(([name]) => !keeps(keyOfBundle(name))),
        ([, { silence }]) => silence,
        { concurrency: "unbounded", discard: true }
      )
  }
})
