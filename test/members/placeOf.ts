import type { Place } from "../../src/members/Place.ts"
import type { Member } from "./World.ts"

/** A process of the machine knows which others of it have ended, one of a pod that the one before has. */
export const placeOf = (name: string, members: ReadonlyArray<Member>): Place => {
  if (!name.startsWith("machine")) return { name, isOver: (other) => other === name }
  return {
    name,
    isOver: (other) =>
      other.startsWith("machine") && members.some(({ isDead, place }) => place.name === other && isDead)
  }
}
