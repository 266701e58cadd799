import { assert, describe, it } from "@effect/vitest"
import { plain } from "../../src/cli/color.ts"
import { outcomeText } from "../../src/cli/RunText.ts"
import { counts } from "../../src/domain/Changeset.ts"
import { Outcome, type Run } from "../../src/domain/Outcome.ts"
import { RenderFailed } from "../../src/domain/StageError.ts"

const hostile = "no\u001b[2J\u009b31m\u202e\r\n✔ shop/shop is on main: unchanged"

const run: Run = {
  id: "01J",
  delivery: "shop/shop",
  why: "started",
  revision: undefined,
  commit: undefined,
  url: "https://git.example.com/shop.git",
  previous: undefined,
  startedAt: 0,
  durationMs: 1
}

const violation = {
  policy: hostile,
  package: hostile,
  rule: "deny",
  severity: "deny" as const,
  message: hostile,
  remedy: hostile,
  object: { apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name: hostile },
  source: { file: hostile, line: 1 },
  bundle: { name: "repository", digest: "sha256:0" }
}
const summary = { objects: 1, passed: 0, warned: 0, denied: 1, waived: 0 }

describe("what people see of a run", () => {
  it("moves no cursor and forges no line, whatever a repository says", () => {
    const error = RenderFailed.make({ detail: hostile, hint: hostile, origin: { file: hostile } })
    for (
      const outcome of [
        Outcome.Denied({ violations: [violation], summary }),
        Outcome.Unchanged({ violations: [violation], summary }),
        Outcome.Failed({ error, changes: undefined }),
        Outcome.Failed({ error, changes: counts([]), losses: [hostile] })
      ]
    ) {
      const text = outcomeText(run, outcome, plain)
      assert.notMatch(text, /[\u001b\u009b\u202e\r]/u)
      assert.isTrue(text.split("\n").slice(1).every((line) => line.startsWith("  ")), text)
    }
  })

  it("tells a finding in the words of check: what audited policies would deny, the remedy, where more is said", () => {
    const told = {
      ...violation,
      policy: "owner",
      message: "no owner",
      remedy: "Name one.",
      url: "https://example.com/o"
    }
    const audited = { ...told, severity: "warn" as const, enforcement: "audit" as const }
    const lines = outcomeText(run, Outcome.Denied({ violations: [told, audited], summary }), plain).split("\n")
    assert.match(lines[1]!, /^ {2}DENY .* {2}owner {2}no owner$/u)
    assert.deepStrictEqual(lines.slice(2, 4), ["       remedy: Name one.", "       see: https://example.com/o"])
    const waiver = { policy: "owner", objects: [], reason: "INC-1", owner: "dana", until: "2099-01-01T00:00:00Z" }
    const waived = Outcome.Unchanged({ violations: [], waived: [{ ...told, waiver }], summary })
    assert.match(outcomeText(run, waived, plain), /\n {2}WAIVED .*\n {7}waived: by dana until 2099/u)
    assert.match(lines[4]!, /^ {2}AUDIT .* {2}owner {2}no owner$/u)
  })
})
