import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestConsole from "effect/testing/TestConsole"
import { plain } from "../../src/cli/color.ts"
import * as print from "../../src/cli/print.ts"
import { RedactedValues, Redactions } from "../../src/domain/redact.ts"
import { AccessDenied, RenderFailed } from "../../src/domain/StageError.ts"

describe("what people see of errors", () => {
  it("says what, where and what would help", () => {
    const error = RenderFailed.make({
      detail: "a key is there twice",
      hint: "Remove one.",
      origin: { file: "base/a.yaml", line: 7, column: 3 }
    })
    assert.strictEqual(
      print.errorText(error, plain),
      "error: a key is there twice\n  at base/a.yaml:7:3\n  help: Remove one."
    )
    assert.include(print.errorText(AccessDenied.make({ detail: "no" }), plain), "  help: Grant the verb")
  })

  it("lets no escape sequence of a repository through", () => {
    const text = print.errorText(
      RenderFailed.make({ detail: "\u001b[2Jgone\u001b]0;x\u0007", hint: "\u001b[31m" }),
      plain
    )
    assert.notInclude(text, "\u001b")
  })

  it.effect("redacts what is known to be secret, wherever it shows up", () =>
    Effect.gen(function*() {
      const values = new RedactedValues()
      values.add("hunter2-hunter2")
      yield* Effect.provideService(
        Effect.andThen(print.result("token hunter2-hunter2\n"), print.aside(`in base64 ${btoa("hunter2-hunter2")}`)),
        Redactions,
        values
      )
      const said = [...yield* TestConsole.logLines, ...yield* TestConsole.errorLines]
      assert.deepStrictEqual(said, ["token (redacted)", "in base64 (redacted)"])
    }))
})
