import { canonical, type Json } from "../domain/Json.ts"
import { confirmAnnotation } from "../domain/ownership.ts"
import type { Decided } from "./decide.ts"
import type { LiveDelivery, MalformedDelivery } from "./Registry.ts"

/** Two decisions of one key mean the same: what runs goes on. */
export const keyOf = (decided: Decided, live: LiveDelivery | MalformedDelivery): string => {
  switch (decided._tag) {
    case "Refused":
      return canonical([decided._tag, live.generation, decided.error._tag, decided.error.message])
    case "Awaits":
      return decided._tag
    case "Leaves":
      return canonical([decided._tag, decided.identity as Json ?? null])
    case "Suspended":
    case "Runs": {
      const { delivery: { metadata, spec }, identity } = decided
      const confirmed = metadata.annotations?.[confirmAnnotation] ?? ""
      const source = decided._tag === "Runs" ? decided.source : null
      return canonical([decided._tag, spec, confirmed, identity, source] as Json)
    }
  }
}
