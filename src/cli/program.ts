import * as Cause from "effect/Cause"
import type * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import { InvalidSpec, type StageError } from "../domain/StageError.ts"
import { Failures } from "./Failures.ts"
import * as print from "./print.ts"

const failuresOf = (error: Failures | StageError | Config.ConfigError): Failures => {
  if (error instanceof Failures) return error
  const hint = "Mend the setting in the environment."
  return new Failures({
    errors: [error._tag === "ConfigError" ? InvalidSpec.make({ detail: error.message, hint }) : error]
  })
}

/** Runs a verb to its exit code. Expected errors are told on stderr; a stack is shown for our own mistakes only. */
export const program = <R>(
  verb: Effect.Effect<number, Failures | StageError | Config.ConfigError, R>
): Effect.Effect<number, never, R> =>
  verb.pipe(
    Effect.catch((error) => {
      const failures = failuresOf(error)
      return Effect.as(print.errors(failures.errors), failures.exitCode)
    }),
    Effect.catchCause((cause) =>
      Cause.hasInterrupts(cause)
        ? Effect.interrupt
        : Effect.as(print.aside(`error: this is a mistake in Sluice, please report it\n${Cause.pretty(cause)}`), 2)
    )
  )
