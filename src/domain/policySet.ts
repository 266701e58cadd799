import type { Bundle, PolicySet, Waiver, WrittenPolicy } from "./Decision.ts"
import { digest } from "./digest.ts"
import { canonical, type Json } from "./Json.ts"

/** A waiver as a value that can be told from others. */
export const saidBy = ({ objects, owner, policy, reason, until, where }: Waiver): Json => [
  policy,
  objects.map(({ kind = null, name = null, namespace = null }) => [kind, namespace, name]),
  reason,
  owner,
  until ?? null,
  where === undefined ? null : [where.file, where.line ?? null, where.column ?? null]
]

/** Bundles as one set, known by all that can change a verdict. */
export const policySet = (
  bundles: ReadonlyArray<Bundle>,
  waivers: ReadonlyArray<Waiver> = [],
  written: ReadonlyArray<WrittenPolicy> = []
): PolicySet => ({
  digest: digest(
    canonical(waivers.map(saidBy)),
    ...bundles.flatMap(({ digest: files, enforcement, isWaivable, name, origin, parameters, waivers }) => [
      files,
      canonical([name, origin, enforcement, isWaivable, parameters, waivers.map(saidBy)])
    ])
  ),
  bundles,
  waivers,
  written
})
