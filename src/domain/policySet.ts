import type { Bundle, PolicySet, Waiver, WrittenPolicy } from "./Decision.ts"
import { digest } from "./digest.ts"
import { canonical, type Json } from "./Json.ts"

/** Bundles as one set, known by all that can change a verdict. */
export const policySet = (
  bundles: ReadonlyArray<Bundle>,
  waivers: ReadonlyArray<Waiver> = [],
  written: ReadonlyArray<WrittenPolicy> = []
): PolicySet => ({
  digest: digest(
    canonical(waivers as unknown as Json),
    ...bundles.flatMap(({ digest: files, enforcement, isWaivable, name, origin, parameters, waivers }) => [
      files,
      canonical([name, origin, enforcement, isWaivable, parameters, waivers as unknown as Json])
    ])
  ),
  bundles,
  waivers,
  written
})
