import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { StageError } from "../domain/StageError.ts"
import { Failures } from "./Failures.ts"
import * as print from "./print.ts"

/** Runs a verb to its exit code. Expected errors are told on stderr; a stack is shown for our own mistakes only. */
export const program = <R>(verb: Effect.Effect<number, Failures | StageError, R>): Effect.Effect<number, never, R> =>
  verb.pipe(
    Effect.catch((error) => {
      const failures = error instanceof Failures ? error : new Failures({ errors: [error] })
      return Effect.as(print.errors(failures.errors), failures.exitCode)
    }),
    Effect.catchCause((cause) =>
      Cause.hasInterrupts(cause)
        ? Effect.interrupt
        : Effect.as(print.aside(`error: this is a mistake in Sluice, please report it\n${Cause.pretty(cause)}`), 2)
    )
  )
