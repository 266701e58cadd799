import type { Summary, Violation } from "../domain/Decision.ts"
import { displayOrigin } from "../domain/Manifest.ts"
import type { Run } from "../domain/Outcome.ts"
import { oneLine } from "../domain/plainText.ts"
import { classOf, errorPage, hintOf, type Stage, type StageError } from "../domain/StageError.ts"
import type { Facts } from "./Facts.ts"

/** Somebody else's text on one line of a status: first redacted, then bounded, for half a secret is not recognised. */
export const line = (text: string, { redact }: Pick<Facts, "redact">, limit = 1_000): string =>
  oneLine(redact(text), limit)

export const plural = (count: number, word: string): string =>
  `${count} ${count === 1 ? word : word.endsWith("y") ? `${word.slice(0, -1)}ies` : `${word}s`}`

const doing: Readonly<Record<Stage, string>> = {
  fetch: "fetching",
  render: "rendering",
  policy: "judging",
  diff: "comparing",
  apply: "applying",
  notify: "telling"
}

/** What a run is at: `main@sha1:9f3c…: applying, then waiting for health`. */
export const inProgress = (stage: Stage, revision: string | undefined, { waits }: Facts): string =>
  `${revision === undefined ? "" : `${revision}: `}${doing[stage]}${
    stage === "apply" && waits ? ", then waiting for health" : ""
  }`

export const judged = ({ denied, passed, waived, warned }: Summary): string =>
  [
    `${passed} passed`,
    ...[[denied, "denied"], [warned, "warned"], [waived, "waived"]].flatMap(([count, word]) =>
      count === 0 ? [] : [`${count} ${word}`]
    )
  ].join(", ")

const told = ({ message, object, policy, source }: Violation): string => {
  const place = source === undefined ? `${object.kind}/${object.name}` : displayOrigin(source)
  return `${policy} at ${place}: ${message}`
}

/** `2 policy violations: image-digest-required at environments/prod/checkout.yaml:23: …`. */
export const denied = (violations: ReadonlyArray<Violation>, { denied }: Pick<Summary, "denied">): string => {
  const denials = violations.filter(({ severity }) => severity === "deny")
  return `${plural(denied, "policy violation")}: ${denials.slice(0, 5).map(told).join("; ")}`
}

/** What went wrong, and what would help. */
export const failed = (error: StageError): string =>
  `${error.message}${/[.!?…]$/u.test(error.message) ? "" : "."} ${hintOf(error)}`

const time = (milliseconds: number): string =>
  milliseconds < 120_000 ? `${Math.ceil(milliseconds / 1_000)}s` : `${Math.round(milliseconds / 60_000)}m`

/** What happens next: `Tried again in 12s (attempt 4)`. */
export const next = (error: StageError, next: Run["next"]): string =>
  error._tag === "DependencyNotReady"
    ? "Goes on the moment that its dependencies are ready"
    : next !== undefined
    ? `Tried again in ${time(next.inMs)} (attempt ${next.attempt})`
    : classOf(error) === "transient"
    ? "Tried again by itself"
    : classOf(error) === "blocked"
    ? "Waits for a person"
    : `Waits for a new revision or a changed Delivery (failed to ${errorPage[error._tag].stage})`
