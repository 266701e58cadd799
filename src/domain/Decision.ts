import * as Data from "effect/Data"
import * as Schema from "effect/Schema"
import type { Evidence } from "./DecisionRecord.ts"
import { type Manifest, Origin } from "./Manifest.ts"

const said = (description: string) => Schema.String.annotate({ description })

/** What a rule found on one object. This is its shape everywhere: reports, outcomes, messages (`cli.sluice.dev/v1`). */
export const Violation = Schema.Struct({
  policy: said(
    "The policy's id: METADATA's custom.id, else the last part of the package, else the rule's own suffix."
  ),
  package: said("The package of the rule."),
  rule: said("The rule's name."),
  severity: Schema.Literals(["deny", "warn"]).annotate({ description: "Whether it denies or only warns." }),
  enforcement: Schema.optionalKey(
    Schema.Literal("audit").annotate({
      description: "Says that it would be a denial, were the policies not audited only."
    })
  ),
  title: Schema.optionalKey(said("METADATA's title.")),
  impact: Schema.optionalKey(said("METADATA's custom.severity: how bad it is, in the author's words.")),
  message: said("What is wrong."),
  remedy: Schema.optionalKey(said("What would help.")),
  url: Schema.optionalKey(said("Where more is said.")),
  object: Schema.Struct({
    apiVersion: said("Its version."),
    kind: said("Its kind."),
    namespace: Schema.optionalKey(said("Its namespace.")),
    name: said("Its name.")
  }).annotate({ description: "The object that breaks it." }),
  source: Schema.optionalKey(Origin.annotate({ description: "Where that is written." })),
  ruleSource: Schema.optionalKey(
    Origin.annotate({ description: "Where the rule is written, from the root of its own repository." })
  ),
  bundle: Schema.Struct({
    name: said("Its name."),
    digest: said("Of everything in it that can change a verdict.")
  }).annotate({ description: "The policies that it is one of." })
})
export type Violation = typeof Violation.Type

/** Who lets a policy be broken, for which objects, why and for how long. */
export interface Waiver {
  /** The id of the policy that it lifts. */
  readonly policy: string
  /** The objects for which it does, by what is given of each; all, where none are named. */
  readonly objects: ReadonlyArray<{ readonly kind?: string; readonly namespace?: string; readonly name?: string }>
  readonly reason: string
  readonly owner: string
  /** RFC 3339; from then on the policy denies again. Absent where a rule of the policies grants it: it has no end. */
  readonly until?: string
  /** Where it is written. */
  readonly where?: Origin
}

/** What a policy found and a waiver lets through. */
export type Waived = Violation & { readonly waiver: Waiver }

/** Counts of one decision: `passed`, `warned`, `denied` and `waived` count rule results, `objects` counts objects. */
export const Summary = Schema.Struct({
  objects: Schema.Int,
  passed: Schema.Int,
  warned: Schema.Int,
  denied: Schema.Int,
  waived: Schema.Int
})
export type Summary = typeof Summary.Type

declare const admitted: unique symbol

/** Proof that the gate let a value through. No value of this type can be written down; `src/policy` alone grants it. */
export type Admitted<A> = A & { readonly [admitted]: true }

/** Manifests that passed the objects gate. Diff and apply take nothing else. */
export type AdmittedManifests = Admitted<ReadonlyArray<Manifest>>

/** The verdict of a gate. A denial is a value: the error channel means "could not decide". */
export type Decision<A> = Data.TaggedEnum<{
  Passed: Verdict & { readonly admitted: Admitted<A> }
  Denied: Verdict
}>

/** What a decision says, whichever way it went. */
export interface Verdict {
  readonly violations: ReadonlyArray<Violation>
  readonly waived: ReadonlyArray<Waived>
  readonly summary: Summary
  /** What it was decided on, for the record. */
  readonly evidence?: Evidence
}

interface DecisionDefinition extends Data.TaggedEnum.WithGenerics<1> {
  readonly taggedEnum: Decision<this["A"]>
}
export const Decision = Data.taggedEnum<DecisionDefinition>()

/** The policies that judge a delivery, read but not yet compiled. */
export interface PolicySet {
  /** Of everything that can change a verdict: rules, data, parameters, enforcement. */
  readonly digest: string
  readonly bundles: ReadonlyArray<Bundle>
  /** The repository's own: they hold for its policies, and for the platform's bundles that allow it. */
  readonly waivers: ReadonlyArray<Waiver>
  /** Every policy file of the repository that is judged, those of its waivers too. */
  readonly written?: ReadonlyArray<WrittenPolicy>
}

/** A policy file of the repository, as it is written. */
export interface WrittenPolicy {
  readonly path: string
  readonly content: Uint8Array
  /** Whether it holds waivers: it is no data then. */
  readonly isWaivers: boolean
}

/** Policies that are compiled into one wasm of their own: no bundle can shadow, weaken or read another. */
export interface Bundle {
  readonly name: string
  /** Of the files, and of the version of Rego that they are read as. */
  readonly digest: string
  /** The repository's own; those of the revision that is in force; the platform's. */
  readonly origin: "repository" | "previous" | "bundle"
  readonly enforcement: "enforce" | "audit"
  /** Whether waivers of the repository hold for it. */
  readonly isWaivable: boolean
  readonly waivers: ReadonlyArray<Waiver>
  /** Policy and data files by their path from the root of the repository. */
  readonly files: ReadonlyArray<{ readonly path: string; readonly content: Uint8Array }>
  /** Of policies that do not say otherwise in a conftest.toml: v1, unless given. */
  readonly regoVersion?: "v0" | "v1"
  /** Merged under `data.parameters`. */
  readonly parameters: Readonly<Record<string, Schema.Json>>
}
