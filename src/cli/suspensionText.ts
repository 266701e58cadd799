import { oneLine } from "../domain/plainText.ts"
import { relative } from "./duration.ts"
import type { ShownDelivery } from "./ShownDelivery.ts"

/** `by dana: INC-42; until 2026-12-31T18:00:00Z (in 2h)`: what is known of a suspension, or nothing. */
export const suspensionText = ({ suspension }: Pick<ShownDelivery, "suspension">, now: number): string => {
  const { by, reason, until } = suspension
  const told = [
    by === undefined ? "" : `by ${oneLine(by, 200)}`,
    reason === undefined ? "" : `: ${oneLine(reason, 1_000)}`
  ].join("")
  return [
    told.replace(/^: /u, ""),
    ...until === undefined ? [] : [`until ${oneLine(until, 60)} (${relative(oneLine(until, 60), now)})`]
  ]
    .filter((part) => part !== "").join("; ")
}
