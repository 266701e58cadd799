import { assert, describe, it } from "@effect/vitest"
import { troubles } from "../../src/cli/troubles.ts"
import { reasons, reasonText, troubleshooting } from "../../src/cli/troubleshooting.ts"
import { errorPage } from "../../src/domain/StageError.ts"

describe("the page of troubles", () => {
  it("has a section with its anchor for every reason, and no other", () => {
    assert.deepStrictEqual([...reasons].sort(), Object.keys(troubles).sort())
    const titles = [...troubleshooting.matchAll(/^## (.+)$/gmu)].map(([, title]) => title)
    assert.deepStrictEqual(titles, [...reasons, "Nothing happens"])
    const anchors = [...troubleshooting.matchAll(/\]\(#([^)]+)\)/gu)].map(([, anchor]) => anchor)
    assert.deepStrictEqual(anchors, titles.map((title) => title!.toLowerCase().replaceAll(" ", "-")))
  })

  it("says of every error what the error page says, a likely cause, and a command", () => {
    for (const [reason, { help }] of Object.entries(errorPage)) {
      assert.include(troubleshooting, `- ${help}`)
      const { causes, commands } = troubles[reason as keyof typeof errorPage]
      assert.isNotEmpty(causes, reason)
      assert.isNotEmpty(commands, reason)
    }
  })

  it("says nothing twice in a section", () => {
    for (const reason of reasons) {
      const lines = reasonText(reason).split("\n").filter((line) => line !== "")
      assert.deepStrictEqual([...new Set(lines)], lines)
    }
  })
})
