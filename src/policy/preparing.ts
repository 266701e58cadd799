import * as Effect from "effect/Effect"
import type { PolicySet } from "../domain/Decision.ts"
import { digest } from "../domain/digest.ts"
import { canonical, type JsonObject } from "../domain/Json.ts"
import type { compiledBundles } from "./compiledBundles.ts"
import { inventories } from "./gatekeeper/reviews.ts"
import { compiling } from "./previousSet.ts"
import type { Judging } from "./verdict.ts"
import type { LoadedSet } from "./Workers.ts"

type CompiledBundles = Effect.Success<ReturnType<typeof compiledBundles>>

/** The set as workers take it; compiled here, if `load` did not get round to it yet. */
export const preparing = (compiledBundle: CompiledBundles) =>
  Effect.fnUntraced(function*(set: PolicySet) {
    const judging: Array<Judging> = []
    const compiled: Array<Effect.Success<ReturnType<typeof compiledBundle>>> = []
    for (const bundle of set.bundles) {
      const one = yield* Effect.mapError(compiledBundle(bundle), compiling(bundle))
      judging.push({ bundle, rules: one.rules, names: one.names, ofRepository: set.waivers })
      compiled.push(one)
    }
    /** With what templates look for among objects; the same set with another inventory goes by another name. */
    const loadedWith = (name: string, inventories: ReadonlyArray<JsonObject | undefined>): LoadedSet => ({
      digest: name,
      policies: compiled.map(({ data, module, rules }, bundle) => ({
        module,
        rules: rules.map(({ judges }) => judges),
        data,
        given: { bundle, parameters: set.bundles[bundle]!.parameters, inventory: inventories[bundle] }
      }))
    })
    return {
      judging,
      loaded: loadedWith(set.digest, []),
      loadedAmong: (objects: ReadonlyArray<JsonObject>) => {
        const found = inventories(judging, objects)
        const name = digest(set.digest, ...found.map((one) => one === undefined ? "" : canonical(one)))
        return loadedWith(name, found)
      }
    }
  })

export type Prepare = ReturnType<typeof preparing>
export type Prepared = Effect.Success<ReturnType<Prepare>>
