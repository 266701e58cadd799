import type { Verdict } from "../domain/Decision.ts"
import type { Evidence, RuleCount } from "../domain/DecisionRecord.ts"
import { digest } from "../domain/digest.ts"
import type { Rendered } from "../domain/Manifest.ts"
import { documentOf } from "./objects.ts"
import type { Subject } from "./Rule.ts"
import type { About, Judging, Told } from "./verdict.ts"

/** What a decision took: documents that were judged for it, and nanoseconds, with the wait for a thread. */
export interface Effort {
  documents: number
  nanoseconds: number
}

export const noEffort = (): Effort => ({ documents: 0, nanoseconds: 0 })

/** Digest of the objects as policies see them. The values of a Secret are not guessed by it: they are HMACs. */
export const inputOf = ({ manifests }: Rendered, key: string | Uint8Array): string =>
  digest(
    manifests.map((manifest) => {
      const document = documentOf(manifest, key)
      return document.json === manifest.json ? manifest.digest : digest(document.json)
    }).join("\n")
  )

interface Found {
  /** Of the kind, for every rule; or by `<bundle>/<rule>`. */
  readonly documents: number | ReadonlyMap<string, number>
  readonly told: ReadonlyArray<Told>
}

interface Counted {
  readonly judging: ReadonlyArray<Judging>
  /** How many documents of each kind there were, or each rule was asked about, and what was found on them. */
  readonly judged: Readonly<Partial<Record<Subject, Found>>>
  readonly said: Omit<Verdict, "evidence">
}

const nameOf = ({ object: { apiVersion, kind, name, namespace = "" } }: About): string =>
  [apiVersion, kind, namespace, name].join("\0")

/** The documents that a rule has spoken against, by bundle and rule; by "" those that could not be judged at all. */
const spokenAgainst = (told: ReadonlyArray<Told>): ReadonlyMap<string, ReadonlySet<string>> => {
  const found = new Map<string, Set<string>>()
  for (const { about, finding: { bundle, rule } } of told) {
    const key = rule === undefined ? "" : `${bundle}/${rule}`
    found.set(key, (found.get(key) ?? new Set()).add(nameOf(about)))
  }
  return found
}

const nothing: ReadonlySet<string> = new Set()

/** What each policy said. Of a document that could not be judged nothing has passed. */
const countsOf = ({ judged, judging, said }: Counted): ReadonlyArray<RuleCount> => {
  const counts = new Map<string, { -readonly [Key in keyof RuleCount]: RuleCount[Key] }>()
  const of = (bundle: string, policy: string) => {
    const key = `${bundle}\0${policy}`
    const found = counts.get(key) ?? { bundle, policy, passed: 0, warned: 0, denied: 0, waived: 0 }
    counts.set(key, found)
    return found
  }
  for (const [judges, { documents, told }] of Object.entries(judged)) {
    const against = spokenAgainst(told)
    for (const [index, { bundle, rules }] of judging.entries()) {
      for (const [rule, { judges: own, policy }] of rules.entries()) {
        if (own !== judges) continue
        const key = `${index}/${rule}`
        const others = (against.get("") ?? nothing).union(against.get(key) ?? nothing)
        const asked = typeof documents === "number" ? documents : documents.get(key) ?? 0
        of(bundle.name, policy).passed += Math.max(0, asked - others.size)
      }
    }
  }
  for (const { bundle, policy, severity } of said.violations) {
    of(bundle.name, policy)[severity === "deny" ? "denied" : "warned"]++
  }
  for (const { bundle, policy } of said.waived) of(bundle.name, policy).waived++
  return [...counts.values()]
}

/** What is recorded of a decision beside what it says. */
export const evidenceOf = (input: string, effort: Effort, counted: Counted): Evidence => ({
  input,
  judged: effort.documents,
  nanoseconds: effort.nanoseconds,
  rules: countsOf(counted)
})
