import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { retryDelay, slowIntervalMs } from "../../src/domain/retry.ts"
import { AccessDenied, RenderFailed } from "../../src/domain/StageError.ts"

it.effect("tries again soon what was refused for want of rights, then ever more slowly", () =>
  Effect.gen(function*() {
    const denied = new AccessDenied({ detail: "patch configmaps as shop", hint: "Grant the verb." })
    const delays = yield* Effect.forEach([0, 1, 2, 20], (attempt) => retryDelay(denied, attempt))
    assert.deepStrictEqual(delays, [2_000, 4_000, 8_000, slowIntervalMs])
    const broken = new RenderFailed({ detail: "no such file" })
    assert.strictEqual(yield* retryDelay(broken, 0), slowIntervalMs)
  }))
