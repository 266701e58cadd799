import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync } from "node:fs"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { generate, made } from "../../src/cli/generate.ts"

describe("what is made from the sources is not stale: npm run generate", () => {
  for (const { file, text } of Object.values(made).flat()) {
    const path = fileURLToPath(file)
    it(path.slice(fileURLToPath(new URL("../..", import.meta.url)).length), () => {
      assert.strictEqual(readFileSync(path, "utf8"), text)
    })
  }

  it("holds no file of the resources and the chart that nobody makes", () => {
    for (const what of ["crds", "chart"]) {
      const folder = new URL(".", made[what]![0]!.file)
      const names = made[what]!.map(({ file }) => file.pathname.slice(folder.pathname.length))
      const there = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
      const found = there.map(({ name, parentPath }) => relative(fileURLToPath(folder), join(parentPath, name)))
      assert.deepStrictEqual(found.sort(), names.sort())
    }
  })

  const asked = (...operands: ReadonlyArray<string>) =>
    generate({ operands, texts: {}, switches: new Set(["check"]) }).pipe(Effect.provide(NodeFileSystem.layer))

  it.effect("makes what is asked for, and nothing else that looks like it", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* asked("crds"), 0)
      const { errors } = yield* Effect.flip(asked("crdz"))
      assert.strictEqual(yield* asked("chart"), 0)
      assert.deepInclude(errors[0], { detail: "\"crdz\" is not made from the sources", hint: "Did you mean \"crds\"?" })
    }))
})
