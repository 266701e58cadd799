import type { ManyMessage } from "./ManyMessage.ts"
import { firstLine, plural, sentence, untilMended, verbs } from "./phrases.ts"
import { join, type RichText } from "./richText.ts"
import type { Wording } from "./wording.ts"

const headline = ({ count, error, isHeld, state }: ManyMessage): RichText => {
  const many = { strong: plural(count, "delivery", "deliveries") }
  return state === "recovered" || error === undefined
    ? [many, ` ${state} — nothing had to change`]
    : [many, ` ${isHeld ? "cannot run" : `failed to ${verbs[error.stage]}`}: ${sentence(firstLine(error.message))}`]
}

/** What one message about many deliveries says. */
export const manyWording = (message: ManyMessage): Wording => {
  const { cluster, count, deliveries, error, isHeld, namespace, state } = message
  const more = count > deliveries.length ? ` +${count - deliveries.length} more` : ""
  return {
    look: state,
    headline: headline(message),
    why: error?.message,
    whatToDo: error === undefined ? undefined : [error.hint],
    items: [],
    itemCount: 0,
    facts: [
      { title: "Deliveries", value: [deliveries.join(", ") + more] },
      ...error === undefined ? [] : [{
        title: "Next",
        value: [isHeld ? untilMended : "each is tried again by itself, later each time"]
      }]
    ],
    context: [join([
      cluster === undefined ? [] : ["cluster ", { strong: cluster }],
      ["ns ", { code: namespace }]
    ], " · ")],
    commitUrl: undefined
  }
}
