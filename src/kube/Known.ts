import * as Context from "effect/Context"
import type { ObjectRef } from "../domain/ObjectRef.ts"
import type { Seen } from "./Seen.ts"

/** What a live watch says of an object that carries a delivery's label; undefined where none covers its kind. */
export type Look = (apiVersion: string, ref: ObjectRef) => Seen | "absent" | undefined

/** What is known of the cluster without asking it: nothing, unless somebody watches. */
export const Known = Context.Reference<Look>("sluice/kube/Known", { defaultValue: () => () => undefined })
