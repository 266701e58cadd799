import { assert, describe, it } from "@effect/vitest"
import { statusPatch } from "../../src/controller/statusPatch.ts"
import { applied, denied, story } from "./story.ts"

const plain = (text: string) => text

describe("statusPatch", () => {
  it("says only what differs", () => {
    const life = story()
    const before = life.runs(applied, "a")
    assert.deepStrictEqual(statusPatch(before, structuredClone(before), plain), [])
    const patch = statusPatch(before, life.starts("b"), plain)
    assert.deepStrictEqual(patch.map(({ op, path }) => `${op} ${path}`), [
      "add /status/conditions",
      "add /status/lastAttemptedRevision",
      "add /status/stage"
    ])
    assert.deepInclude(statusPatch(life.status(), life.ends(applied, "b"), plain), {
      op: "remove",
      path: "/status/stage"
    })
    assert.deepStrictEqual(statusPatch(undefined, before, plain).map(({ path }) => path), ["/status"])
  })

  it("redacts free text, and no word that others have to read", () => {
    const status = story().runs(denied, "a")
    const secret = /PolicyDenied|checkout|digest/gu
    const [patch] = statusPatch(undefined, status, (text) => text.replace(secret, "(redacted)"))
    const text = JSON.stringify(patch)
    assert.include(text, "\"reason\":\"PolicyDenied\"")
    assert.include(text, "\"name\":\"checkout\"")
    assert.include(text, "not pinned by (redacted)")
    assert.include(text, "environments/prod/(redacted).yaml")
    assert.notInclude(text, "by digest")
  })
})
