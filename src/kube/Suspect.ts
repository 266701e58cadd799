import type { ObjectRef } from "../domain/ObjectRef.ts"
import type { LiveMetadata } from "./KubeReader.ts"

/**
 * What speaks against an object: our ownership `changed`, it is `gone` (or without our label), it was `replaced` by
 * another of its name, it says that it is of another delivery (`taken`), people own something inside (`additions`), a
 * write in our name may hide in the second of our own (`doubt`), or controllers own something inside of which no policy
 * has been asked (`unjudged`).
 */
export type Suspicion = "changed" | "gone" | "replaced" | "taken" | "additions" | "doubt" | "unjudged"

/** An object that looks taken. */
export interface Suspect {
  readonly ref: ObjectRef
  readonly apiVersion: string
  readonly why: Suspicion
  /** As it was seen, with who owns what; where it is undefined, only a GET tells. */
  readonly live: LiveMetadata | undefined
  /** Fields that policies refuse, by their ids: they go as those of people do. */
  readonly unwanted?: ReadonlySet<string>
}
