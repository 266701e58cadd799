import * as Data from "effect/Data"
import * as Schema from "effect/Schema"
import { type Manifest, Origin } from "./Manifest.ts"

/** What a rule found on one object. This is its shape everywhere: reports, outcomes, messages (`cli.sluice.dev/v1`). */
export const Violation = Schema.Struct({
  /** The policy's id: METADATA's `custom.id`, else the last part of the package, else the rule's own suffix. */
  policy: Schema.String,
  package: Schema.String,
  rule: Schema.String,
  severity: Schema.Literals(["deny", "warn"]),
  /** Says that it would be a denial, were the policies not audited only. */
  enforcement: Schema.optionalKey(Schema.Literal("audit")),
  title: Schema.optionalKey(Schema.String),
  /** METADATA's `custom.severity`: how bad it is, in the author's words. */
  impact: Schema.optionalKey(Schema.String),
  message: Schema.String,
  remedy: Schema.optionalKey(Schema.String),
  url: Schema.optionalKey(Schema.String),
  object: Schema.Struct({
    apiVersion: Schema.String,
    kind: Schema.String,
    namespace: Schema.optionalKey(Schema.String),
    name: Schema.String
  }),
  source: Schema.optionalKey(Origin),
  bundle: Schema.Struct({ name: Schema.String, digest: Schema.String })
})
export type Violation = typeof Violation.Type

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
  Passed: { readonly admitted: Admitted<A>; readonly violations: ReadonlyArray<Violation>; readonly summary: Summary }
  Denied: { readonly violations: ReadonlyArray<Violation>; readonly summary: Summary }
}>

interface DecisionDefinition extends Data.TaggedEnum.WithGenerics<1> {
  readonly taggedEnum: Decision<this["A"]>
}
export const Decision = Data.taggedEnum<DecisionDefinition>()

/** The policies that judge a delivery, read but not yet compiled. */
export interface PolicySet {
  /** Of everything that can change a verdict: rules, data, parameters, enforcement. */
  readonly digest: string
  readonly bundles: ReadonlyArray<{
    readonly name: string
    readonly digest: string
    readonly enforcement: "enforce" | "audit"
    /** Policy and data files by their path from the root of the repository. */
    readonly files: ReadonlyArray<{ readonly path: string; readonly content: Uint8Array }>
    /** Merged under `data.parameters`. */
    readonly parameters: Readonly<Record<string, Schema.Json>>
  }>
}
