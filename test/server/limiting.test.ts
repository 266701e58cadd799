import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { limits } from "../../src/server/limits.ts"
import { Replays } from "../../src/server/Replays.ts"
import { ownerOf, TokenBuckets } from "../../src/server/TokenBuckets.ts"
import { openShop } from "./Ground.ts"
import { push, secret, senders } from "./webhooks.ts"

describe("TokenBuckets", () => {
  it("lets a burst through, then so many a second, and says how long to wait", () => {
    const buckets = new TokenBuckets({ capacity: 3, perSecond: 0.5, most: 10 })
    assert.deepStrictEqual([1, 2, 3, 4].map(() => buckets.take("a", 1_000)), [0, 0, 0, 2])
    assert.strictEqual(buckets.take("b", 1_000), 0)
    assert.strictEqual(buckets.take("a", 2_000), 1)
    assert.strictEqual(buckets.take("a", 3_000), 0)
    assert.strictEqual(buckets.take("a", 3_000), 2)
  })

  it("never holds more than its capacity, nor minds a clock that goes back", () => {
    const buckets = new TokenBuckets({ capacity: 2, perSecond: 1, most: 10 })
    assert.deepStrictEqual([1, 2, 3].map(() => buckets.take("a", 9e9)), [0, 0, 1])
    assert.strictEqual(buckets.take("a", 0), 1)
    assert.deepStrictEqual([1, 2, 3].map(() => buckets.take("a", 1e12)), [0, 0, 1])
  })

  it("makes who was dear wait until that is paid", () => {
    const buckets = new TokenBuckets({ capacity: 10, perSecond: 1, most: 10 })
    assert.strictEqual(buckets.take("a", 0), 0)
    buckets.charge("a", 16, 0)
    assert.deepStrictEqual([buckets.take("a", 0), buckets.take("a", 7_000), buckets.take("a", 8_000)], [8, 1, 0])
  })

  it("forgets who asked longest ago", () => {
    const buckets = new TokenBuckets({ capacity: 1, perSecond: 0.01, most: 100 })
    for (let index = 0; index < 100_000; index++) buckets.take(`${index}`, 0)
    assert.strictEqual(buckets.size, 100)
    assert.isAbove(buckets.take("99999", 0), 0)
  })
})

describe("ownerOf", () => {
  for (
    const [remote, owner] of [
      ["192.0.2.7", "192.0.2.7"],
      ["::ffff:192.0.2.7", "192.0.2.7"],
      ["2001:DB8:1:2:3:4:5:6", "2001:db8:1:2"],
      ["2001:db8:1:2::9", "2001:db8:1:2"],
      ["2001:db8::1", "2001:db8:0:0"],
      ["::1", "0:0:0:0"],
      ["fe80::1%eth0", "fe80:0:0:0"],
      ["", ""]
    ] as const
  ) it(`of ${remote} is ${owner}`, () => assert.strictEqual(ownerOf(remote), owner))
})

describe("Replays", () => {
  it("remembers an id for ten minutes", () => {
    const replays = new Replays()
    assert.isTrue(replays.isNew("a", 0))
    assert.isFalse(replays.isNew("a", 599_999))
    assert.isTrue(replays.isNew("a", 600_000))
    assert.isFalse(replays.isNew("a", 1_199_999))
  })

  it("forgets the oldest beyond its bound, and all that is out of date", () => {
    const replays = new Replays(100)
    for (let index = 0; index < 10_000; index++) assert.isTrue(replays.isNew(`${index}`, index))
    assert.strictEqual(replays.size, 100)
    assert.isFalse(replays.isNew("9950", 10_000))
    assert.isTrue(replays.isNew("0", 10_000))
    assert.isTrue(replays.isNew("late", 10_000_000))
    assert.strictEqual(replays.size, 1)
  })
})

describe("rates", () => {
  it.live("of hooks have a limit for each address, and probes have none", () =>
    Effect.gen(function*() {
      const ground = yield* openShop({ limits: { ofOne: { capacity: 3, perSecond: 0.01 } } })
      for (let index = 0; index < 3; index++) {
        assert.strictEqual((yield* ground.post("/hooks/gitlab", {}, "")).status, 401)
      }
      const answer = yield* ground.post("/hooks/gitlab", senders.gitlab(push, secret), push)
      assert.strictEqual(answer.status, 429)
      assert.isAtLeast(Number(answer.headers["retry-after"]), 90)
      for (let index = 0; index < 20; index++) {
        assert.strictEqual((yield* ground.get("/healthz")).status, 200)
      }
      assert.include(yield* ground.scrape, `sluice_webhook_requests_total{source="gitlab",code="429"} 1`)
    }))

  it.live("of hooks have a limit for all together", () =>
    Effect.gen(function*() {
      const ground = yield* openShop({ limits: { ofAll: { capacity: 2, perSecond: 0.01 } } })
      const statuses = yield* Effect.forEach([1, 2, 3], () => ground.post("/hooks/gitlab", {}, ""))
      assert.deepStrictEqual(statuses.map(({ status }) => status), [401, 401, 429])
    }))

  it.live("of hooks count large bodies as many", () =>
    Effect.gen(function*() {
      const ground = yield* openShop({ limits: { ofOne: { capacity: 20, perSecond: 0.01 } } })
      const body = push + " ".repeat(900_000)
      assert.strictEqual((yield* ground.post("/hooks/gitlab", senders.gitlab(body, "wrong", "a"), body)).status, 401)
      const statuses = yield* Effect.forEach(
        Array.from({ length: 8 }),
        () => Effect.map(ground.post("/hooks/gitlab", {}, ""), ({ status }) => status)
      )
      assert.deepStrictEqual(statuses, [401, 401, 401, 401, 401, 401, 429, 429])
    }))

  it.live("of log lines have one too", () =>
    Effect.gen(function*() {
      const ground = yield* openShop()
      yield* Effect.forEach(Array.from({ length: 60 }), () => ground.post("/hooks/gitlab", {}, ""), { concurrency: 8 })
      const lines = ground.logs.filter((line) => line.includes("webhook refused"))
      assert.strictEqual(lines.length, 60)
      assert.isAtMost(lines.filter((line) => !line.includes("level=DEBUG")).length, 40)
    }))
})

it("has limits that fit together", () => {
  assert.isAtMost(limits.headers, limits.request)
  assert.isBelow(limits.connectionsOfOne, limits.connections)
  assert.isAtLeast(limits.bodies, 8 * limits.body)
})
