import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { key } from "../../src/domain/ObjectRef.ts"
import { make } from "../../src/drift/DriftWatch.ts"
import type { Follower, SharedWatch } from "../../src/drift/SharedWatch.ts"
import type { Seen } from "../../src/kube/Seen.ts"

const ref = { group: "", kind: "ConfigMap", namespace: "shop", name: "settings" }
const entry = { ref, apiVersion: "v1", digest: "digest", fingerprint: "fingerprint", uid: "uid" }
const there: Seen = {
  uid: "uid",
  resourceVersion: "100",
  deleting: false,
  label: "shop.shop",
  origin: undefined,
  prune: undefined,
  fingerprint: "fingerprint",
  isOurs: true,
  intruders: [],
  intrusion: "",
  guests: [],
  held: "",
  others: "",
  isNewest: true,
  content: undefined
}

/** A live watch that has seen what it is told. */
const watching = Effect.gen(function*() {
  const followers = new Set<Follower>()
  let known: Seen | undefined
  const watch: SharedWatch = {
    state: () => "live",
    listed: Effect.void,
    seen: () => known ?? "absent",
    position: () => "99",
    add: (_, follower) => followers.add(follower),
    remove: (_, follower) => followers.delete(follower)
  }
  const drift = yield* make(() => Effect.succeed(watch), { label: "shop.shop", allowManagers: [] })
  const see = (next: Seen | undefined) => {
    const before = known
    known = next
    for (const follower of followers) follower.noticed(key(ref), before, undefined)
  }
  return { drift, see }
})

it.effect("does not miss what has just been made and has not come by", () =>
  Effect.gen(function*() {
    const { drift, see } = yield* watching
    yield* drift.follow([entry])
    assert.deepStrictEqual(yield* drift.take, [])
    see(there)
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual(yield* drift.take, [])
  }))

it.effect("misses what does not come by, and at once what went before its eyes", () =>
  Effect.gen(function*() {
    const { drift, see } = yield* watching
    yield* drift.follow([entry])
    yield* TestClock.adjust("2 seconds")
    assert.deepStrictEqual((yield* drift.take).map(({ why }) => why), ["gone"])
    see(there)
    see(undefined)
    assert.deepStrictEqual((yield* drift.take).map(({ why }) => why), ["gone"])
  }))

it.effect("takes what it has yet to see of a run's write for no drift, and what comes after it for what it is", () =>
  Effect.gen(function*() {
    const { drift, see } = yield* watching
    see({ ...there, resourceVersion: "90", fingerprint: "of the run before" })
    yield* drift.follow([entry], new Map([[key(ref), "100"]]))
    assert.deepStrictEqual(yield* drift.take, [])
    // Its status moved before the write.
    see({ ...there, resourceVersion: "95", fingerprint: "of the run before" })
    assert.deepStrictEqual(yield* drift.take, [])
    see(there)
    assert.deepStrictEqual(yield* drift.take, [])
    see({ ...there, resourceVersion: "110", fingerprint: "of somebody" })
    assert.deepStrictEqual((yield* drift.take).map(({ why }) => why), ["changed"])
  }))

it.effect("hands out what controllers hold once, again when they hold something else or others judge, and is quiet", () =>
  Effect.gen(function*() {
    const { drift, see } = yield* watching
    const why = Effect.map(drift.take, (suspects) => suspects.map(({ why }) => why))
    see(there)
    yield* drift.follow([entry])
    const held = (of: string, resourceVersion: string) => ({ ...there, guests: ["mesh"], held: of, resourceVersion })
    see(held("a proxy", "101"))
    assert.isTrue(yield* drift.isQuiet)
    assert.deepStrictEqual(yield* why, ["unjudged"])
    see(held("a proxy", "102"))
    assert.deepStrictEqual(yield* why, [])
    yield* drift.wrote(entry, "102")
    assert.deepStrictEqual(yield* why, [], "a heal that changed nothing is no news of theirs")
    see(held("two proxies", "104"))
    assert.deepStrictEqual(yield* why, ["unjudged"])
    yield* drift.rejudge
    assert.deepStrictEqual(yield* why, ["unjudged"])
    assert.isTrue(yield* drift.isQuiet)
  }))

it.effect("does not let what controllers hold hide a doubt", () =>
  Effect.gen(function*() {
    const { drift, see } = yield* watching
    const why = Effect.map(drift.take, (suspects) => suspects.map(({ why }) => why))
    const guest = { ...there, guests: ["mesh"], held: "a proxy" }
    see(guest)
    yield* drift.follow([entry])
    assert.deepStrictEqual(yield* why, ["unjudged"])
    yield* drift.wrote({ ...entry, fingerprint: "of a heal" }, "101")
    see({ ...guest, resourceVersion: "101", fingerprint: "of a heal" })
    // In our name, within the second of our own write.
    see({ ...guest, resourceVersion: "102", fingerprint: "of a heal" })
    yield* TestClock.adjust("2 seconds")
    assert.deepStrictEqual(yield* why, ["doubt"])
  }))
