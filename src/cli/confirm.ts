import * as Effect from "effect/Effect"
import { createInterface } from "node:readline"

/** Whether somebody is there who could be asked. */
export const canAsk = (): boolean => process.stdin.isTTY && process.stderr.isTTY

/** Asks on the terminal; only `y` and `yes` are a yes. */
export const confirm = (question: string): Effect.Effect<boolean> =>
  Effect.callback<boolean>((resume) => {
    const lines = createInterface({ input: process.stdin, output: process.stderr })
    lines.question(`${question} [y/N] `, (answer) => {
      resume(Effect.succeed(/^y(es)?$/iu.test(answer.trim())))
      lines.close()
    })
    // The input ended without an answer; after one this says nothing more.
    lines.on("close", () => resume(Effect.succeed(false)))
    return Effect.sync(() => lines.close())
  })
