import type { Bundle, Violation, Waived, Waiver } from "../domain/Decision.ts"
import { displayOrigin } from "../domain/Manifest.ts"

const fits = (wanted: string | undefined, is: string | undefined): boolean => wanted === undefined || wanted === is

/** Whether a waiver names what was found: the policy, and the object by all that is said of it. */
export const covers = ({ objects, policy }: Waiver, found: Pick<Violation, "policy" | "object">): boolean =>
  policy === found.policy &&
  (objects.length === 0 ||
    objects.some(({ kind, name, namespace }) =>
      fits(kind, found.object.kind) && fits(namespace, found.object.namespace) && fits(name, found.object.name)
    ))

/** When a waiver ends, in milliseconds since the epoch: never, where it says no end; one that cannot be read has ended. */
export const endOf = ({ until }: Waiver): number => {
  if (until === undefined) return Infinity
  const end = Date.parse(until)
  return Number.isNaN(end) ? -Infinity : end
}

/** What else a violation says by a waiver that does not hold. */
const refused = (violation: Violation, remark: string): Violation => ({
  ...violation,
  remedy: violation.remedy === undefined ? remark : `${violation.remedy.replace(/([^.!?…])$/u, "$1.")} ${remark}`
})

const placeOf = ({ where }: Waiver): string => where === undefined ? "the repository's waiver" : displayOrigin(where)

/**
 * What becomes of a denial by the waivers that name it at a moment (milliseconds since the epoch): waived; or still
 * denied, and it says so where one has expired, or where a repository waives what is not its own to waive.
 *
 * A bundle's own waivers hold for it, and the repository's for the bundles that say so.
 */
export const waive = (
  violation: Violation,
  bundle: Pick<Bundle, "isWaivable" | "name" | "origin" | "waivers">,
  ofRepository: ReadonlyArray<Waiver>,
  now: number
): { readonly waived: Waived } | { readonly violation: Violation } => {
  const isPlatforms = bundle.origin === "bundle"
  const naming = (waivers: ReadonlyArray<Waiver>) =>
    waivers.filter((waiver) => covers(waiver, violation)).sort((a, b) => endOf(b) - endOf(a))
  const [longest] = naming([...bundle.waivers, ...isPlatforms && bundle.isWaivable ? ofRepository : []])
  if (longest !== undefined && endOf(longest) > now) {
    return { waived: { ...violation, waiver: longest } }
  }
  const told = longest === undefined ? violation : {
    ...violation,
    message: `${violation.message} (waiver by ${longest.owner} expired on ${longest.until}: ${longest.reason})`
  }
  const [powerless] = isPlatforms && !bundle.isWaivable ? naming(ofRepository) : []
  return {
    violation: powerless === undefined ? told : refused(
      told,
      `The waiver at ${placeOf(powerless)} has no effect: PolicyBundle ${bundle.name} is mandatory, ` +
        "and only who may change it can waive its policies."
    )
  }
}

/** The waivers that have ended by now, and when the next one ends: verdicts by the same policies differ by nothing else. */
export const endings = (
  waivers: ReadonlyArray<Waiver>,
  now: number
): { readonly over: ReadonlyArray<Waiver>; readonly next: number | undefined } => {
  const over = waivers.filter((waiver) => endOf(waiver) <= now)
  const next = Math.min(...waivers.map(endOf).filter((end) => end > now))
  return { over, next: Number.isFinite(next) ? next : undefined }
}
