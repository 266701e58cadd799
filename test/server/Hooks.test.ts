import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { Hooks } from "../../src/server/Hooks.ts"

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
})
