import * as Effect from "effect/Effect"
import type { RunEvent } from "../domain/Outcome.ts"
import { type Paint, painting } from "./color.ts"
import * as print from "./print.ts"
import { outcomeText, sameness, stageLine, StageStrip } from "./RunText.ts"

/** Runs as people watch them: outcomes on stdout; stages on stderr, on a terminal as lines that rewrite themselves. */
export class RunView {
  readonly #strips = new Map<string, StageStrip>()
  /** The failure that was last told of each delivery. */
  readonly #told = new Map<string, string>()
  readonly #paint: Paint = painting(process.stdout)
  readonly #isTerminal = process.stderr.isTTY

  show(event: RunEvent): Effect.Effect<void> {
    if (event._tag === "RunEnded") {
      this.#strips.delete(event.run)
      const failure = sameness(event.outcome)
      const isKnown = failure !== undefined && this.#told.get(event.delivery) === failure
      if (failure === undefined) this.#told.delete(event.delivery)
      else this.#told.set(event.delivery, failure)
      const text = outcomeText(event.details, event.outcome, this.#paint, isKnown)
      return Effect.andThen(this.#clear(), print.result(text))
    }
    if (!this.#isTerminal) return event._tag === "StageFinished" ? print.aside(stageLine(event)) : Effect.void
    const strip = this.#strips.get(event.run) ?? new StageStrip()
    this.#strips.set(event.run, strip)
    const line = `${event.delivery}  ${strip.take(event, painting(process.stderr))}`
    return Effect.andThen(this.#clear(), Effect.sync(() => void process.stderr.write(line)))
  }

  #clear(): Effect.Effect<void> {
    return Effect.sync(() => {
      if (this.#isTerminal) process.stderr.write("\r\u001b[2K")
    })
  }
}
