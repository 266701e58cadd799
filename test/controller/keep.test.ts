import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { decodeDelivery } from "../../src/api/v1alpha1/live.ts"
import { Apply } from "../../src/apply/Apply.ts"
import { InventoryStore } from "../../src/apply/InventoryStore.ts"
import type { Standing } from "../../src/apply/Standing.ts"
import { keep, type Options } from "../../src/controller/keep.ts"
import type { Changeset } from "../../src/domain/Changeset.ts"
import type { Admitted } from "../../src/domain/Decision.ts"
import type { Violation } from "../../src/domain/Decision.ts"
import type { Healed } from "../../src/domain/Drift.ts"
import { empty, type Inventory, type InventoryEntry } from "../../src/domain/Inventory.ts"
import { key, type ObjectRef } from "../../src/domain/ObjectRef.ts"
import { policySet } from "../../src/domain/policySet.ts"
import { ApplyFailed } from "../../src/domain/StageError.ts"
import type { DriftWatch } from "../../src/drift/DriftWatch.ts"
import { KubeReader } from "../../src/kube/KubeReader.ts"
import { KubeStatus } from "../../src/kube/KubeStatus.ts"
import { KubeWriter } from "../../src/kube/KubeWriter.ts"
import { Secrets } from "../../src/kube/Secrets.ts"
import type { Suspect } from "../../src/kube/Suspect.ts"
import { type HealGate, open } from "../../src/pipeline/HealGate.ts"
import type { ChangesetJudges } from "../../src/policy/changesetPass.ts"

const read = decodeDelivery({
  apiVersion: "sluice.dev/v1alpha1",
  kind: "Delivery",
  metadata: { namespace: "shop", name: "shop", uid: "1", resourceVersion: "1", generation: 1 },
  spec: { source: { git: { url: "https://git.example/shop.git", branch: "main" } }, apply: { wait: false } }
})
const delivery = read._tag === "Success" ? read.success.resource as never : assert.fail("a Delivery")

const entry = (name: string): InventoryEntry => ({
  ref: { group: "", kind: "ConfigMap", namespace: "shop", name },
  apiVersion: "v1",
  digest: `sha256:${name}`,
  fingerprint: "0",
  uid: name
})
const suspect = ({ apiVersion, ref }: InventoryEntry): Suspect => ({ ref, apiVersion, why: "changed", live: undefined })
const healed = (one: InventoryEntry): Healed => ({
  ref: one.ref,
  action: "healed",
  manager: "rival",
  fields: ["data"],
  time: undefined,
  entry: { ...one, fingerprint: "1" },
  resourceVersion: "2"
})

const [a, b] = [entry("a"), entry("b")]

/** What one policy says of an object. */
const violationOf = ({ kind, name }: ObjectRef): Violation => ({
  policy: "short",
  message: "no",
  bundle: { name: "baseline" },
  object: { apiVersion: "v1", kind, name }
} as unknown as Violation)

/** Healing over a cluster and a watch that the test plays: what is found, what heals do, what is saved. */
const played = Effect.fnUntraced(function*(options: {
  readonly heals: (suspect: Suspect) => boolean
  /** Names of objects that the policies refuse by now. */
  readonly refuses?: ReadonlySet<string>
  /** Why rules on changesets deny that it is put back, if they do. */
  readonly denies?: (suspect: Suspect) => string | undefined
  /** Who judges changesets by now. */
  readonly judges?: ChangesetJudges
}) {
  const found = yield* Queue.unbounded<ReadonlyArray<Suspect>>()
  const asked = yield* Queue.unbounded<string>()
  const told = yield* Queue.unbounded<string>()
  const saved: Array<ReadonlyArray<InventoryEntry>> = []
  const again: Array<string> = []
  const wrote: Array<string> = []
  let stirred: ReadonlyArray<Suspect> = []
  let inventory: Inventory = { ...empty, entries: [a, b] }
  const drift: DriftWatch = {
    follow: () => Effect.void,
    wrote: () => Effect.void,
    stirred: Effect.map(Queue.take(found), (suspects) => void (stirred = suspects)),
    take: Effect.sync(() => stirred),
    suspects: Effect.never,
    again: (refs) =>
      Effect.sync(() => {
        again.push(...refs.map(({ name }) => name))
        return []
      }),
    rejudge: Effect.void,
    isQuiet: Effect.succeed(true),
    seen: () => undefined,
    polled: Effect.succeed([]),
    rests: () => false,
    listen: ({ stirred }) => stirred()
  }
  const standing = new Map([a, b].map((one) => [key(one.ref), one])) as unknown as Standing
  const apply = Layer.mock(Apply)({
    standing: () => standing,
    heal: (_delivery, _standing, _inventory, suspects, { writes } = { writes: true }) =>
      Stream.fromIterable(suspects).pipe(
        Stream.tap(({ ref }) => Effect.sync(() => writes && wrote.push(ref.name))),
        Stream.mapEffect((one) => {
          const why = options.denies?.(one)
          if (why !== undefined) {
            return Effect.succeed({ ...healed(one.ref.name === "a" ? a : b), action: "denied" as const, why })
          }
          return options.heals(one)
            ? Effect.succeed(healed(one.ref.name === "a" ? a : b))
            : Effect.fail(new ApplyFailed({ detail: "refused" }))
        })
      ),
    recordHealed: (entries) =>
      Effect.sync(() => {
        saved.push(entries)
        const healed = new Map(entries.map((one) => [key(one.ref), one]))
        return inventory = { ...inventory, entries: inventory.entries.map((one) => healed.get(key(one.ref)) ?? one) }
      })
  })
  const store = Layer.mock(InventoryStore)({ load: Effect.sync(() => inventory) })
  const rights = Layer.mergeAll(
    Layer.mock(KubeReader)({ identity: "test", get: () => Effect.succeed(undefined) }),
    Layer.mock(KubeWriter)({}),
    Layer.mock(KubeStatus)({}),
    Layer.mock(Secrets)({})
  )
  const refused: Options["refused"] = (_, objects) =>
    Effect.succeed({
      why: new Map(
        objects.filter(({ ref }) => options.refuses?.has(ref.name)).map(({ ref }) => [key(ref), [violationOf(ref)]])
      ),
      judges: options.judges,
      asks: true
    })
  const services = yield* Layer.build(Layer.mergeAll(apply, store, rights))
  const keeping = yield* keep({
    delivery,
    drift,
    owns: () => Effect.void,
    stood: Effect.succeed(undefined),
    polls: () => Effect.void,
    refused
  }).pipe(Effect.provide(services))
  yield* keeping.beside({
    fork: yield* FiberSet.runtime(yield* FiberSet.make())(),
    ask: (why) => Effect.asVoid(Queue.offer(asked, why)),
    tell: (happening) =>
      happening._tag === "DriftFound"
        ? Effect.asVoid(Queue.offerAll(
          told,
          happening.findings.map(({ object, why }) => why === undefined ? object.name : `${object.name}: ${why}`)
        ))
        : Effect.void
  }).pipe(Effect.forkScoped)
  return { ...keeping, found, asked, told, saved, again, wrote }
})

const changeset = {} as Admitted<Changeset>
const policies = policySet([])

describe("keep", () => {
  it.effect("heals others while a run is owed that never comes to an end", () =>
    Effect.gen(function*() {
      const { again, asked, found, told, watched } = yield* played({ heals: ({ ref }) => ref.name === "b" })
      yield* watched.applied(changeset, policies, open)
      yield* TestClock.adjust(1)
      yield* Queue.offer(found, [suspect(a)])
      assert.strictEqual(yield* Queue.take(asked), "drift")
      yield* Queue.offer(found, [suspect(b)])
      assert.strictEqual(yield* Queue.take(told), "b")
      // Memory is tried again, too; and what a run has applied is judged anew.
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(again, ["a"])
      yield* watched.applied(changeset, policies, open)
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(again, ["a", "a"])
    }))

  it.effect("asks the platform's policies as they are by now, whatever the last run came to", () =>
    Effect.gen(function*() {
      const now: ChangesetJudges = { digest: "now", judging: [], policies: [] }
      const asked: Array<string | undefined> = []
      const gate: HealGate = {
        admits: undefined,
        renewed: (judges) => {
          asked.push(judges?.digest)
          return gate
        }
      }
      const { found, told, watched } = yield* played({ heals: () => true, judges: now })
      yield* watched.applied(changeset, policies, gate)
      yield* TestClock.adjust(1)
      yield* Queue.offer(found, [suspect(a)])
      assert.strictEqual(yield* Queue.take(told), "a")
      assert.deepStrictEqual(asked, ["now"])
    }))

  it.effect("asks for no second run within ten seconds, and for one after them", () =>
    Effect.gen(function*() {
      const { asked, found } = yield* played({ heals: () => true })
      yield* Queue.offer(found, [suspect(a)])
      yield* Queue.take(asked)
      yield* Queue.offer(found, [suspect(b)])
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual(Queue.sizeUnsafe(asked), 0)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Queue.take(asked), "drift")
    }))

  it.effect("records many heals at once, and lets none wait for that", () =>
    Effect.gen(function*() {
      const { found, saved, told, watched } = yield* played({ heals: () => true })
      yield* watched.applied(changeset, policies, open)
      yield* TestClock.adjust(1)
      for (const one of [a, b]) {
        yield* Queue.offer(found, [suspect(one)])
        assert.strictEqual(yield* Queue.take(told), one.ref.name)
      }
      assert.deepStrictEqual(saved, [])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(saved.map((entries) => entries.map(({ ref }) => ref.name)), [["a", "b"]])
    }))

  it.effect("does not keep its books while a run keeps them", () =>
    Effect.gen(function*() {
      const { found, saved, told, watched } = yield* played({ heals: () => true })
      yield* watched.applied(changeset, policies, open)
      yield* TestClock.adjust(1)
      yield* Queue.offer(found, [suspect(a)])
      yield* Queue.take(told)
      const release = yield* watched.writes
      assert.strictEqual(saved.length, 1)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(saved.length, 1)
      yield* release
    }))

  it.effect("puts nothing back that the policies refuse by now, says why once, and looks again when others judge", () =>
    Effect.gen(function*() {
      const refuses = new Set(["a"])
      const { again, asked, found, rejudge, told, watched, wrote } = yield* played({ heals: () => true, refuses })
      yield* watched.applied(changeset, policies, open)
      yield* TestClock.adjust(1)
      yield* Queue.offer(found, [suspect(a), suspect(b)])
      assert.deepStrictEqual([yield* Queue.take(told), yield* Queue.take(told)], [
        "b",
        "a: short of PolicyBundle baseline refuses it by now: no"
      ])
      assert.deepStrictEqual(wrote, ["b"])
      yield* Queue.offer(found, [suspect(a)])
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(Queue.sizeUnsafe(told), 0)
      // No run would do better.
      assert.strictEqual(Queue.sizeUnsafe(asked), 0)
      refuses.clear()
      yield* rejudge
      assert.deepStrictEqual(again, ["a"])
      yield* Queue.offer(found, [suspect(a)])
      assert.strictEqual(yield* Queue.take(told), "a")
      assert.deepStrictEqual(wrote, ["b", "a"])
    }))

  it.effect("says that nothing is put back where only a run could, and its revision is refused", () =>
    Effect.gen(function*() {
      const { asked, found, told, watched } = yield* played({ heals: () => true })
      yield* Queue.offer(found, [suspect(a)])
      assert.strictEqual(yield* Queue.take(asked), "drift")
      const verdict = {
        violations: [],
        waived: [],
        summary: { objects: 2, passed: 0, warned: 0, denied: 1, waived: 0 }
      }
      yield* watched.denied(verdict)
      assert.strictEqual(yield* Queue.take(told), "a: the policies refuse the newest revision")
      yield* watched.denied(verdict)
      assert.strictEqual(Queue.sizeUnsafe(told), 0)
    }))

  it.effect("tells a denial once, tries it ever more seldom, and lets it keep nobody else", () =>
    Effect.gen(function*() {
      let why: string | undefined = "frozen"
      const { again, asked, found, saved, told, watched } = yield* played({
        heals: () => true,
        denies: ({ ref }) => ref.name === "a" ? why : undefined
      })
      yield* watched.applied(changeset, policies, open)
      yield* TestClock.adjust(1)
      yield* Queue.offer(found, [suspect(a), suspect(b)])
      assert.deepStrictEqual([yield* Queue.take(told), yield* Queue.take(told)], ["a: frozen", "b"])
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(again, ["a"])
      assert.deepStrictEqual(saved.flat().map(({ ref }) => ref.name), ["b"], "what is denied is still taken")
      yield* Queue.offer(found, [suspect(a)])
      yield* TestClock.adjust("19 seconds")
      assert.deepStrictEqual(again, ["a"])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(again, ["a", "a"])
      assert.strictEqual(Queue.sizeUnsafe(told), 0, "it was told")
      // Other policies may let it through.
      yield* watched.judged(undefined)
      assert.deepStrictEqual(again, ["a", "a", "a"])
      why = undefined
      yield* Queue.offer(found, [suspect(a)])
      assert.strictEqual(yield* Queue.take(told), "a")
      assert.strictEqual(Queue.sizeUnsafe(asked), 0, "no run is asked for")
    }))
})
