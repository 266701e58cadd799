import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { made } from "../../src/cli/generate.ts"

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
})
