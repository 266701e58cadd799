import * as Effect from "effect/Effect"
import { InvalidSpec, type Reason } from "../domain/StageError.ts"
import type { Given } from "./commandLine.ts"
import { document, outputOf } from "./documents.ts"
import * as print from "./print.ts"
import { suggestion } from "./suggestion.ts"
import { reasonDocument, reasons, reasonText } from "./troubleshooting.ts"

const isReason = (word: string): word is Reason => (reasons as ReadonlyArray<string>).includes(word)

/** Says what a reason means and what helps: no cluster is asked. */
export const explainReason = Effect.fn("explain reason")(function*(given: Given) {
  const [word = ""] = given.operands
  const output = outputOf(given)
  if (!isReason(word)) {
    return yield* InvalidSpec.make({
      detail: `${JSON.stringify(word)} is no reason, and Deliveries have names of lower-case letters`,
      hint: suggestion(word, reasons)
    })
  }
  yield* print.result(
    output === "json" || output === "yaml"
      ? yield* document(output, reasonDocument(word))
      : output === "name"
      ? word
      : reasonText(word)
  )
  return 0
})
