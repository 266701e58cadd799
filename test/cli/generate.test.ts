import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { generate, made } from "../../src/cli/generate.ts"

describe("what is made from the sources is not stale: npm run generate", () => {
  for (const { file, text } of Object.values(made).flat()) {
    const path = fileURLToPath(file)
    it(path.slice(fileURLToPath(new URL("../..", import.meta.url)).length), () => {
      assert.strictEqual(readFileSync(path, "utf8"), text)
    })
  }

  it("holds no file of the resources that nobody makes", () => {
    const folder = new URL(".", made.crds![0]!.file)
    const names = made.crds!.map(({ file }) => file.pathname.slice(folder.pathname.length))
    assert.deepStrictEqual(readdirSync(folder).sort(), names.sort())
  })

  const asked = (...operands: ReadonlyArray<string>) =>
    generate({ operands, texts: {}, switches: new Set(["check"]) }).pipe(Effect.provide(NodeFileSystem.layer))

  it.effect("makes what is asked for, and nothing else that looks like it", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* asked("crds"), 0)
      const { errors } = yield* Effect.flip(asked("crdz"))
      assert.deepInclude(errors[0], { detail: "\"crdz\" is not made from the sources", hint: "Did you mean \"crds\"?" })
    }))
})
