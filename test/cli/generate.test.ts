import { assert, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { reference } from "../../src/cli/generate.ts"

it("the reference of the command line is not stale: npm run generate", () => {
  const file = join(import.meta.dirname, "..", "..", "src", "cli", "README.md")
  assert.strictEqual(readFileSync(file, "utf8"), reference)
})
