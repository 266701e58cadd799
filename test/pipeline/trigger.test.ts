import { assert, describe, it } from "@effect/vitest"
import type { Inventory } from "../../src/domain/Inventory.ts"
import { triggerOf } from "../../src/pipeline/trigger.ts"

const hash = (letter: string) => letter.repeat(40)
const tree = (letter: string, identity = letter) => ({
  identity,
  artifact: { revision: { name: "main", algorithm: "sha1" as const, hash: hash(letter) } }
})
const on = (letter: string, ...earlier: ReadonlyArray<string>): Inventory => ({
  entries: [],
  applied: { revision: `main@sha1:${hash(letter)}`, identity: letter, closure: "", healthy: true },
  earlier: earlier.map(hash)
})

describe("the trigger of a changeset", () => {
  it("is the commit where that is new, and a rollback where it was applied before", () => {
    assert.strictEqual(triggerOf(tree("a"), { entries: [] }, "started"), "git")
    assert.strictEqual(triggerOf(tree("b"), on("a"), "manual"), "git", "whoever asks for it")
    assert.strictEqual(triggerOf(tree("a"), on("b", "a"), "webhook"), "rollback")
    assert.strictEqual(triggerOf(tree("c"), on("b", "a"), "retry"), "git")
  })

  it("is the cluster where nothing else is wanted than what is applied", () => {
    assert.strictEqual(triggerOf(tree("a"), on("a"), "interval"), "drift")
    assert.strictEqual(triggerOf(tree("b", "a"), on("a"), "drift"), "drift", "a commit that concerns others")
    assert.strictEqual(triggerOf(tree("a"), on("a"), "manual"), "manual")
    const { applied, ...rest } = on("a")
    assert.strictEqual(triggerOf(tree("a"), { ...rest, applied: { ...applied!, identity: "" } }, "drift"), "drift")
  })

  it("is whoever changed the Delivery or its policies where the commit is the same", () => {
    assert.strictEqual(triggerOf(tree("a", "other"), on("a"), "spec"), "manual")
    assert.strictEqual(triggerOf(tree("a", "other"), on("a"), "policy"), "manual")
  })
})
