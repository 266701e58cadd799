import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { Hooks } from "../../src/server/Hooks.ts"
import { follow, open, shop } from "./Ground.ts"
import { push, secret, senders } from "./webhooks.ts"

const repository = "git.example.com/acme/shop"
const registration = (token: string) => ({
  namespace: "shop",
  name: "web",
  repository,
  secrets: { token: Redacted.make(token) }
})

/** The tokens that are tried for a hook of the repository. */
const tokens = (hooks: Hooks["Service"]) =>
  hooks.followers([repository]).filter(({ repositories }) => repositories.has(repository))
    .map(({ keys }) => Buffer.from(keys.token).toString())

describe("Hooks", () => {
  it.effect("lets in the hooks of a Delivery that begins anew, and those of one that is gone no more", () =>
    Effect.gen(function*() {
      const hooks = yield* Hooks
      const first = yield* Scope.make()
      yield* Scope.provide(hooks.register(registration("old-token")), first)
      assert.deepStrictEqual(tokens(hooks), ["old-token"])
      // Its spec or its Secret changed: it ends, and is back when it has read them.
      yield* Scope.close(first, Exit.void)
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(tokens(hooks), ["old-token"])
      const second = yield* Scope.make()
      yield* Scope.provide(hooks.register(registration("new-token")), second)
      assert.deepStrictEqual(tokens(hooks), ["new-token"])
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(tokens(hooks), ["new-token"])
      yield* Scope.close(second, Exit.void)
      yield* TestClock.adjust("11 seconds")
      assert.deepStrictEqual(tokens(hooks), [])
      assert.deepStrictEqual(hooks.follower("shop", "web").filter(({ repositories }) => repositories.size > 0), [])
    }).pipe(Effect.provide(Hooks.layer)))

  it.live("are let in by the newest registration of a Delivery", () =>
    Effect.gen(function*() {
      const ground = yield* open()
      const attempt = (token: string) =>
        Effect.map(
          ground.post("/hooks/gitlab", senders.gitlab(push, token, Math.random().toString()), push),
          ({ status }) => status
        )
      const [first, second] = [yield* Scope.make(), yield* Scope.make()]
      yield* Scope.provide(follow(ground, shop, { token: "first-secret" }), first)
      assert.strictEqual(yield* attempt("first-secret"), 202)
      yield* Scope.provide(follow(ground, shop, { token: "second-secret" }), second)
      assert.deepStrictEqual([yield* attempt("first-secret"), yield* attempt("second-secret")], [401, 202])
      yield* Scope.close(first, Exit.void)
      assert.strictEqual(yield* attempt("second-secret"), 202)
    }))

  it.live("try a Secret once, however many Deliveries share it", () =>
    Effect.gen(function*() {
      const { hooks, ...ground } = yield* open()
      for (let index = 0; index < 100; index++) {
        yield* follow({ ...ground, hooks }, shop, { token: secret }, `d${index}`)
      }
      const followers = hooks.followers([shop])
      assert.strictEqual(followers.length, 4)
      assert.strictEqual(followers.filter(({ repositories }) => repositories.size > 0).length, 1)
      assert.strictEqual(hooks.followers(["gitlab.example.com/nobody/x"]).length, 4)
      assert.strictEqual(hooks.follower("no", "body").length, 4)
    }))

  it.live("let no namespace crowd out another, and have a bound", () =>
    Effect.gen(function*() {
      const { hooks, ...ground } = yield* open()
      for (let index = 0; index < 100; index++) {
        yield* follow({ ...ground, hooks }, shop, { token: `mallory-${index}` }, `d${index}`, "mallory")
      }
      yield* follow({ ...ground, hooks }, shop, { token: secret })
      assert.strictEqual(hooks.followers([shop]).length, 5)
      for (let index = 0; index < 100; index++) {
        yield* follow({ ...ground, hooks }, shop, { token: `other-${index}` }, "d", `n${index}`)
      }
      assert.strictEqual(hooks.followers([shop]).length, 32)
      const status = yield* ground.post("/hooks/gitlab", senders.gitlab(push, secret), push)
      assert.strictEqual(status.status, 202)
    }))
})
