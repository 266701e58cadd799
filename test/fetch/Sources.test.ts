import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { Delivery } from "../../src/api/v1alpha1/Delivery.ts"
import { normalizedRepository } from "../../src/domain/repositoryAddress.ts"
import { type Followed, Sources } from "../../src/fetch/Sources.ts"
import { fetchLayer, gitServer, secrets, textOf } from "./harness.ts"

const delivery = (git: Record<string, unknown>, interval = "1m"): Delivery =>
  Schema.decodeUnknownSync(Delivery)({
    apiVersion: "sluice.dev/v1alpha1",
    kind: "Delivery",
    metadata: { name: "shop" },
    spec: { source: { git, interval } }
  })

/** A repository with one commit, and what the server was asked for it. */
const shop = Effect.gen(function*() {
  const server = yield* gitServer()
  const repository = yield* Effect.promise(() => server.repository("shop"))
  yield* Effect.promise(() => repository.commit({ a: "1" }, "First"))
  const listings = () => server.requests.filter(({ method }) => method === "POST").length
  const change = (text: string) => Effect.promise(() => repository.commit({ a: text }, text))
  return { server, repository, listings, change, url: repository.url }
})

/** News as they come, waiting for those to come. */
const newsOf = Effect.fnUntraced(function*({ onNews }: Followed) {
  const queue = yield* Queue.unbounded<string>()
  yield* onNews((why) => Effect.asVoid(Queue.offer(queue, why)))
  return queue
})

/** The clock of the tests jumps: no listing may be overtaken by it. */
const timeouts = { listing: 86_400_000, download: 300_000 }

const environment = Sources.layer.pipe(
  Layer.provide(fetchLayer({ timeouts })),
  Layer.merge(secrets({
    one: { username: "dana", password: "s3cret" },
    same: { username: "dana", password: "s3cret" },
    other: { username: "dana", password: "wrong" }
  }))
)

layer(environment)("Sources", (it) => {
  it.effect("lists once an interval for a thousand followers", () =>
    Effect.gen(function*() {
      const { change, listings, url } = yield* shop
      const sources = yield* Sources
      const followers = yield* Effect.all(
        Array.from({ length: 1_000 }, () => sources.follow(delivery({ url, branch: "main" }))),
        { concurrency: "unbounded" }
      )
      const heads = yield* Effect.all(followers.map(({ head }) => head), { concurrency: "unbounded" })
      assert.lengthOf(new Set(heads), 1)
      assert.strictEqual(listings(), 1)

      const news = yield* newsOf(followers[7]!)
      for (let round = 0; round < 3; round++) {
        const hash = yield* change(`round ${round}`)
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* Queue.take(news), "interval")
        assert.strictEqual((yield* followers[999]!.head).hash, hash)
        assert.strictEqual(listings(), 2 + round)
      }
      const artifact = yield* followers[0]!.fetch(yield* followers[0]!.head)
      assert.deepStrictEqual(textOf(yield* artifact.read(["a"])), ["round 2"])
    }))

  it.effect("is at most a tenth early, and wakes nobody when there is nothing new", () =>
    Effect.gen(function*() {
      const { change, listings, url } = yield* shop
      const followed = yield* (yield* Sources).follow(delivery({ url }))
      yield* followed.head
      const news = yield* newsOf(followed)
      yield* TestClock.adjust(53_999)
      yield* followed.refresh
      assert.strictEqual(listings(), 2)
      yield* TestClock.adjust("1 minute")
      // Served by the listing after the one that is due now.
      yield* followed.refresh
      assert.strictEqual(yield* Queue.size(news), 0)
      yield* change("new")
      yield* followed.refresh
      assert.strictEqual(yield* Queue.take(news), "manual")
    }))

  it.effect("keeps the newest for a slow follower, and tells it once", () =>
    Effect.gen(function*() {
      const { change, url } = yield* shop
      const followed = yield* (yield* Sources).follow(delivery({ url }))
      yield* followed.head
      yield* change("2")
      yield* followed.refresh
      const hash = yield* change("3")
      yield* followed.refresh
      const news = yield* newsOf(followed)
      assert.strictEqual(yield* Queue.take(news), "manual")
      assert.strictEqual((yield* followed.head).hash, hash)
      assert.strictEqual(yield* Queue.size(news), 0)
    }))

  it.effect("polls at the shortest interval of those who follow, and not at all when nobody does", () =>
    Effect.gen(function*() {
      const { change, listings, url } = yield* shop
      const sources = yield* Sources
      const [slow, fast] = [yield* Scope.make(), yield* Scope.make()]
      const patient = yield* Scope.provide(sources.follow(delivery({ url }, "1h")), slow)
      const news = yield* newsOf(patient)
      const first = yield* patient.head

      // Joins without a request: what is known is young enough.
      const eager = yield* Scope.provide(sources.follow(delivery({ url }, "10s")), fast)
      assert.deepStrictEqual(yield* eager.head, first)
      assert.strictEqual(listings(), 1)
      yield* change("2")
      yield* TestClock.adjust("10 seconds")
      yield* Queue.take(news)
      assert.strictEqual(listings(), 2)

      yield* Scope.close(fast, Exit.void)
      yield* TestClock.adjust("50 minutes")
      assert.strictEqual(listings(), 2)
      yield* change("3")
      yield* TestClock.adjust("10 minutes")
      yield* Queue.take(news)
      assert.strictEqual(listings(), 3)

      yield* Scope.close(slow, Exit.void)
      yield* TestClock.adjust("10 hours")
      assert.strictEqual(listings(), 3)
      assert.strictEqual(yield* sources.hint(url), 0)
    }))

  it.effect("lists anew for a follower that wants it younger than it is", () =>
    Effect.gen(function*() {
      const { change, listings, url } = yield* shop
      const sources = yield* Sources
      yield* (yield* sources.follow(delivery({ url }, "1h"))).head
      const hash = yield* change("2")
      yield* TestClock.adjust("30 minutes")
      const { head } = yield* sources.follow(delivery({ url }, "10m"))
      assert.strictEqual((yield* head).hash, hash)
      assert.strictEqual(listings(), 2)
    }))

  it.effect("lists at once by webhook, in any spelling, and a burst twice", () =>
    Effect.gen(function*() {
      const { change, listings, url } = yield* shop
      const sources = yield* Sources
      const one = yield* sources.follow(delivery({ url, branch: "main" }))
      const two = yield* sources.follow(delivery({ url }))
      yield* one.head
      yield* two.head
      const news = yield* Effect.all([newsOf(one), newsOf(two)])
      const told = Effect.forEach(news, Queue.take)
      const before = listings()
      yield* change("2")
      assert.strictEqual(yield* sources.hint(url.replace(".git", "/").toUpperCase()), 2)
      assert.deepStrictEqual(yield* told, ["webhook", "webhook"])
      const last = yield* change("3")
      for (let hint = 0; hint < 50; hint++) yield* sources.hint(normalizedRepository(url)!)
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* told, ["webhook", "webhook"])
      assert.strictEqual((yield* one.head).hash, last)
      yield* TestClock.adjust("5 seconds")
      yield* Effect.all([one.refresh, two.refresh], { concurrency: "unbounded" })
      assert.strictEqual(listings() - before, 2 * 2 + 2)
      assert.strictEqual(yield* sources.hint("https://elsewhere.example.com/shop"), 0)
    }))

  it.effect("backs off while listings fail, honours Retry-After, tells the failure and the recovery once", () =>
    Effect.gen(function*() {
      const { change, server, url } = yield* shop
      const sources = yield* Sources
      const followed = yield* sources.follow(delivery({ url }))
      yield* followed.head
      const news = yield* newsOf(followed)
      server.behaviour.answer = { status: 503, headers: { "retry-after": "90" } }
      server.requests.length = 0
      yield* followed.refresh
      yield* Queue.take(news)
      assert.match((yield* Effect.flip(followed.head)).message, /503/u)
      const hash = yield* change("2")
      yield* sources.hint(url)
      yield* TestClock.adjust("89 seconds")
      assert.lengthOf(server.requests, 1)
      yield* TestClock.adjust("1 seconds")
      yield* followed.refresh
      assert.isAtLeast(server.requests.length, 2)
      assert.strictEqual(yield* Queue.size(news), 0)

      delete server.behaviour.answer
      yield* followed.refresh
      assert.strictEqual(yield* Queue.take(news), "manual")
      assert.strictEqual((yield* followed.head).hash, hash)
    }))

  it.effect("sees the first push to an empty repository, and a branch that comes back, at the interval", () =>
    Effect.gen(function*() {
      const server = yield* gitServer()
      const repository = yield* Effect.promise(() => server.repository("new"))
      const sources = yield* Sources
      const followed = yield* sources.follow(delivery({ url: repository.url, branch: "main" }))
      assert.match((yield* Effect.flip(followed.head)).message, /is it empty/u)
      const news = yield* newsOf(followed)
      for (const name of ["First", "Again"]) {
        const hash = yield* Effect.promise(() => repository.commit({ a: name }, name))
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* Queue.take(news), "interval")
        assert.strictEqual((yield* followed.head).hash, hash)
        yield* Effect.promise(() => repository.git(["update-ref", "-d", "refs/heads/main"]))
        yield* TestClock.adjust("1 minute")
        yield* Queue.take(news)
        assert.match((yield* Effect.flip(followed.head)).message, /is it empty/u)
      }
    }))

  it.effect("shares by credentials, and names each follower's own Secret", () =>
    Effect.gen(function*() {
      const server = yield* gitServer({ basic: { username: "dana", password: "s3cret" } })
      const repository = yield* Effect.promise(() => server.repository("shop"))
      yield* Effect.promise(() => repository.commit({ a: "1" }, "First"))
      const sources = yield* Sources
      const follow = (name: string) =>
        sources.follow(delivery({ url: repository.url, branch: "main", insecure: true, secretRef: { name } }))
      const [one, same, other] = [yield* follow("one"), yield* follow("same"), yield* follow("other")]
      yield* one.head
      assert.deepStrictEqual(yield* same.head, yield* one.head)
      const refused = yield* Effect.flip(other.head)
      assert.match(refused.hint ?? "", /"other"/u)
      assert.strictEqual(yield* sources.hint(repository.url), 2)
    }))

  it.effect("never lists a commit, and refuses what makes no sense", () =>
    Effect.gen(function*() {
      const { listings, repository, url } = yield* shop
      const commit = yield* Effect.promise(() => repository.head())
      const sources = yield* Sources
      const followed = yield* sources.follow(delivery({ url, commit }))
      assert.strictEqual((yield* followed.head).hash, commit)
      yield* followed.refresh
      yield* TestClock.adjust("1 day")
      assert.strictEqual(listings(), 0)
      assert.strictEqual((yield* Effect.flip(sources.follow(delivery({ url: "file:///etc" }))))._tag, "InvalidSpec")
    }))

  it.effect("goes on for the others when one is interrupted in the middle of a listing", () =>
    Effect.gen(function*() {
      const { server, url } = yield* shop
      const sources = yield* Sources
      const asked = yield* Queue.unbounded<() => void>()
      server.behaviour.intercept = (_, response) => {
        Queue.offerUnsafe(asked, () => response.writeHead(503).end())
        return true
      }
      const fiber = yield* Effect.forkScoped(
        Effect.scoped(Effect.flatMap(sources.follow(delivery({ url })), ({ head }) => head))
      )
      const other = yield* sources.follow(delivery({ url }))
      const answer = yield* Queue.take(asked)
      yield* Fiber.interrupt(fiber)
      answer()
      assert.match((yield* Effect.flip(other.head)).message, /503/u)
    }))
})
