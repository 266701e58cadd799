import { assert, describe, it } from "@effect/vitest"
import type { DriftFinding } from "../../src/domain/DriftReport.ts"
import { type DriftDigest, due, nothing, say, type Saying, take } from "../../src/notify/driftDigest.ts"
import { revision } from "./outcomes.ts"

const second = 1_000
const minute = 60 * second
const hour = 60 * minute

const change = (name: string, more: Partial<DriftFinding> = {}): DriftFinding => ({
  object: { group: "apps", kind: "Deployment", namespace: "shop", name },
  manager: "kubectl-edit",
  fields: ["spec.replicas"],
  action: "healed",
  ...more
})
const fight = (name: string) => change(name, { action: "backing off", manager: "other" })

/** When what was said, if these are seen at those times; then nothing for two days. */
const history = (...seen: ReadonlyArray<readonly [at: number, ...findings: ReadonlyArray<DriftFinding>]>) => {
  let digest: DriftDigest = nothing
  const said: Array<{ readonly now: number } & Saying> = []
  const until = (time: number) => {
    for (let next = due(digest); next !== undefined && next <= time; next = due(digest)) {
      const [after, sayings] = say(digest, next)
      assert.notDeepEqual(after, digest, "it comes to an end")
      for (const saying of sayings) said.push({ now: next, ...saying })
      digest = after
    }
  }
  for (const [at, ...findings] of seen) {
    until(at)
    const told = { delivery: "shop/web", revision: revision("a"), url: "https://git.example.com/a", time: at }
    digest = take(digest, { ...told, findings }, (text) => text)
  }
  until(48 * hour)
  assert.isUndefined(due(digest))
  return said
}

const times = (said: ReturnType<typeof history>) => said.map(({ changes, now, phase }) => [phase, now, changes])

const each = (from: number, to: number, step: number, ...findings: ReadonlyArray<DriftFinding>) =>
  Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => [from + index * step, ...findings] as const)

describe("a digest of drift", () => {
  it("tells what comes within ten seconds as one", () => {
    const said = history([0, change("a"), change("b")], [9 * second, change("c")])
    assert.deepStrictEqual(times(said), [["changes", 10 * second, 3]])
    assert.deepStrictEqual(said[0]!.findings.map(({ object }) => object.name), ["a", "b", "c"])
    assert.strictEqual(said[0]!.since, 0)
  })

  it("tells the same change again as one that came often", () => {
    const time = new Date(4 * second).toISOString()
    const [only, ...others] = history([0, change("a")], [5 * second, change("a", { time })])
    assert.lengthOf(others, 0)
    assert.deepInclude(only!.findings[0], { times: 2, seen: 5 * second, time: 4 * second })
    assert.lengthOf(only!.findings, 1)
  })

  it("grows quiet while the drift goes on, and is as quick as ever after a calm", () => {
    const said = history(...each(0, hour, 30 * second, change("a")), [5 * hour, change("a")])
    assert.deepStrictEqual(
      said.map(({ now }) => now / second),
      [10, 70, 370, 1270, 4870, 5 * 3600 + 10]
    )
    assert.strictEqual(said.slice(0, -1).reduce((sum, { changes }) => sum + changes, 0), 120)
  })

  it("names twenty and counts the rest", () => {
    const [only] = history([0, ...Array.from({ length: 200 }, (_, index) => change(`web-${index}`))])
    assert.lengthOf(only!.findings, 20)
    assert.deepInclude(only, { changes: 200, more: 180 })
  })

  it("tells a fight when it begins, every hour, and when it is over", () => {
    const said = history([0, change("a")], [2 * second, fight("a")], ...each(minute, 2.5 * hour, minute, change("a")))
    assert.deepStrictEqual(said.map(({ now, phase }) => [phase, now / second]), [
      ["fighting", 10],
      ["still fighting", 3610],
      ["still fighting", 7210],
      ["over", 9000 - 60 + 600 + 60]
    ])
    assert.strictEqual(said.at(-1)!.changes, 151)
    assert.strictEqual(said.at(-1)!.since, 0)
  })

  it("tells a fight at once, also while it is quiet, and other changes when it is their time", () => {
    const said = history([0, change("a")], [20 * second, change("a"), fight("b"), fight("c")])
    assert.deepStrictEqual(times(said), [
      ["changes", 10 * second, 1],
      ["fighting", 30 * second, 2],
      ["changes", 70 * second, 1],
      ["over", 20 * second + 11 * minute, 2]
    ])
  })

  it("tells of an object that joins a fight", () => {
    const said = history(...each(0, 30 * minute, minute, fight("a")), [10.5 * minute, fight("b")])
    assert.deepStrictEqual(
      said.filter(({ phase }) => phase === "fighting").map(({ findings }) => findings.map(({ object }) => object.name)),
      [["a"], ["b"]]
    )
  })

  it("stays small, whatever happens", () => {
    const many = Array.from({ length: 5_000 }, (_, index) => [change(`a-${index}`), fight(`b-${index}`)]).flat()
    const told = { delivery: "shop/web", revision: undefined, url: "u", time: 0, findings: many }
    const digest = take(nothing, told, (text) => text)
    assert.lengthOf(digest.held, 20)
    assert.lengthOf(digest.fights, 100)
    assert.isBelow(JSON.stringify(digest).length, 50_000)
    const sayings = say(digest, hour)[1]
    assert.strictEqual(sayings.reduce((sum, { changes }) => sum + changes, 0), many.length)
  })

  it("says at the same time the same, so that ids are the same after a restart", () => {
    const told = { delivery: "shop/web", revision: undefined, url: "u", time: 0, findings: [change("a"), fight("b")] }
    const digest = take(nothing, told, (text) => text)
    const kept = JSON.parse(JSON.stringify(digest)) as DriftDigest
    assert.deepStrictEqual(
      say(digest, 11 * second)[1].map(({ at }) => at),
      say(kept, hour)[1].map(({ at }) => at)
    )
  })

  it("bounds and cleans the text of others", () => {
    const fields = Array.from({ length: 50 }, (_, index) => `f${index}`)
    const told = { delivery: "d", revision: undefined, url: "u", time: 0, findings: [change("a", { fields })] }
    const { held: [only] } = take(nothing, told, (text) => text.toUpperCase())
    assert.deepStrictEqual(only!.fields, ["F0", "F1", "F2", "F3", "F4"])
    assert.strictEqual(only!.fieldCount, 50)
    assert.strictEqual(only!.manager, "KUBECTL-EDIT")
  })
})
