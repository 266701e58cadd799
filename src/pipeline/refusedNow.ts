import * as Effect from "effect/Effect"
import type { PolicySet } from "../domain/Decision.ts"
import type { JsonObject } from "../domain/Json.ts"
import type { Manifest } from "../domain/Manifest.ts"
import { groupOf, key } from "../domain/ObjectRef.ts"
import { policySet } from "../domain/policySet.ts"
import { Policy } from "../policy/Policy.ts"
import type { Guards } from "./Guards.ts"

/**
 * Which of some objects, that were let through before by these policies, are refused by now, with the reason: the
 * platform may have other bundles since, or a waiver has ended. By the object's key.
 */
export const refusedNow = (guards: Guards) =>
  Effect.map(
    Policy,
    (policy) =>
      Effect.fnUntraced(function*(admittedBy: PolicySet, objects: ReadonlyArray<Omit<Manifest, "object">>) {
        const own = admittedBy.bundles.filter(({ origin }) => origin === "repository")
        const set = policySet([...yield* guards.current, ...own], admittedBy.waivers)
        const refused = new Map<string, string>()
        if (set.bundles.length === 0) return refused
        const manifests = objects.map(({ apiVersion, digest, json, origin, ref }): Manifest => ({
          ref,
          apiVersion,
          json,
          digest,
          origin,
          object: JSON.parse(json) as JsonObject
        }))
        for (const { bundle, message, object, policy: id } of yield* policy.denials(set, manifests)) {
          const { apiVersion, kind, name, namespace = "" } = object
          const of = key({ group: groupOf(apiVersion), kind, namespace, name })
          const by = bundle.name === "repository" ? id : `${id} of PolicyBundle ${bundle.name}`
          if (!refused.has(of)) refused.set(of, `${by} refuses it by now: ${message}`)
        }
        return refused
      })
  )
