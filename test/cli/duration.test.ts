import { assert, it } from "@effect/vitest"
import { age, relative } from "../../src/cli/duration.ts"

const now = Date.parse("2026-11-25T12:00:00Z")

it("tells how long ago as kubectl does, and what is no time as it is", () => {
  const ages = ["2026-11-25T11:59:15Z", "2026-11-25T11:57:00Z", "2026-11-24T12:00:00Z", "2026-11-20T12:00:00Z"]
  assert.deepStrictEqual(ages.map((time) => age(time, now)), ["45s", "3m", "24h", "5d"])
  assert.deepStrictEqual([age("2026-11-25T12:00:09Z", now), age("soon", now), age(undefined, now)], ["0s", "-", "-"])
  assert.deepStrictEqual([relative("2026-11-25T14:00:00Z", now), relative("2026-11-25T11:57:00Z", now)], [
    "in 2h",
    "3m ago"
  ])
  assert.strictEqual(relative("soon", now), "soon")
})
