import * as Data from "effect/Data"
import { exitCodeOf, type StageError } from "../domain/StageError.ts"

/** A verb could not answer: every reason at once, not only the first. Ends the process with their exit code. */
export class Failures extends Data.TaggedError("Failures")<{ readonly errors: ReadonlyArray<StageError> }> {
  override get message() {
    return this.errors.map(({ message }) => message).join("\n")
  }

  /** The highest: 4, refused by the cluster, says more than 2, could not answer. */
  get exitCode(): number {
    return Math.max(...this.errors.map(exitCodeOf))
  }
}
