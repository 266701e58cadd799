import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import type { JsonObject } from "../../src/domain/Json.ts"
import { KubeFailure } from "../../src/domain/StageError.ts"
import { Identity } from "../../src/kube/Identity.ts"
import type { KubeRequest, KubeSession } from "../../src/kube/KubeClient.ts"
import { liveMetadata } from "../../src/kube/liveMetadata.ts"
import { watch } from "../../src/kube/watch.ts"

const object = (name: string, resourceVersion: string): JsonObject => ({ metadata: { name, resourceVersion } })
const event = (type: string, name: string, version: string): JsonObject => ({ type, object: object(name, version) })
const failure = (status: number) =>
  new KubeFailure({ status, reason: "", detail: "", verb: "watch", resource: "pods", identity: "", causes: [] })

const listRequest: KubeRequest = {
  asked: { verb: "list", resource: "pods" },
  method: "GET",
  path: "/api/v1/pods",
  query: { labelSelector: "a=b" },
  idempotent: true
}

/** Watches a server whose connections end as the test says, until nothing is left of the script. */
const play = Effect.fnUntraced(function*(script: ReadonlyArray<Stream.Stream<JsonObject, KubeFailure>>) {
  const positions: Array<string | undefined> = []
  const told: Array<string> = []
  let lists = 0
  const session: KubeSession = {
    identity: Identity.Self(),
    request: () => Effect.die("not used"),
    requestUnmasked: () => Effect.die("not used"),
    lines: ({ query }) => Stream.suspend(() => script[positions.push(query?.resourceVersion) - 1] ?? Stream.never)
  }
  const list = Effect.sync(() => ({ items: [object("first", "5")], resourceVersion: String(10 * ++lists) }))
  const fiber = yield* watch(session, listRequest, list, (item) => liveMetadata("v1", "Pod", item)).pipe(
    Stream.runForEach((each) =>
      Effect.sync(() =>
        told.push(
          each._tag === "Listed"
            ? `Listed ${each.objects.length}`
            : each._tag === "Bookmark"
            ? `Bookmark ${each.resourceVersion}`
            : `${each._tag} ${each.object.ref.name}`
        )
      )
    ),
    Effect.forkChild
  )
  for (let step = 0; step < 20; step++) yield* TestClock.adjust("10 seconds")
  return { positions, told, fiber }
})

describe("watch", () => {
  it.effect("resumes where a connection ended, bookmarks included", () =>
    Effect.gen(function*() {
      const { positions, told } = yield* play([
        Stream.fromIterable([event("ADDED", "a", "11"), event("MODIFIED", "a", "12"), event("BOOKMARK", "", "20")]),
        Stream.concat(Stream.fromIterable([event("DELETED", "a", "21")]), Stream.fail(failure(0))),
        Stream.fail(failure(500))
      ])
      assert.deepStrictEqual(told, ["Listed 1", "Changed a", "Changed a", "Bookmark 20", "Deleted a"])
      assert.deepStrictEqual(positions, ["10", "20", "21", "21"])
    }))

  it.effect("lists again when its position is gone, whichever way it is told", () =>
    Effect.gen(function*() {
      const { positions, told } = yield* play([
        Stream.make({ type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } }),
        Stream.fail(failure(410))
      ])
      assert.deepStrictEqual(told, ["Listed 1", "Listed 1", "Listed 1"])
      assert.deepStrictEqual(positions, ["10", "20", "30"])
    }))

  it.effect("ends when it is refused", () =>
    Effect.gen(function*() {
      const { fiber } = yield* play([Stream.fail(failure(403))])
      assert.strictEqual((yield* Effect.flip(Fiber.join(fiber))).status, 403)
    }))
})
