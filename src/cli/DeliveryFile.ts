import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { apiVersion, Delivery, nameOf } from "../api/v1alpha1/Delivery.ts"
import { type Notifier, notifierOf, sinks } from "../api/v1alpha1/Notifier.ts"
import { PolicyBundle } from "../api/v1alpha1/PolicyBundle.ts"
import { written } from "../api/v1alpha1/problems.ts"
import { contradictions } from "../api/v1alpha1/rules.ts"
import { at, isJsonObject, type Json } from "../domain/Json.ts"
import { Redactions } from "../domain/redact.ts"
import { InvalidSpec } from "../domain/StageError.ts"
import type { GivenSecret } from "../kube/Secrets.ts"
import { decode } from "./decode.ts"
import { Failures } from "./Failures.ts"
import { guesses } from "./guardSelection.ts"
import { suggestion } from "./suggestion.ts"
import { type YamlDocument, yamlDocuments } from "./yamlDocuments.ts"

const maximumBytes = 1024 * 1024

/**
 * What `-f` names: Deliveries, and beside them the Notifiers and Secrets that they refer to, the PolicyBundles that judge
 * them, and the Namespaces whose labels those select by.
 */
export interface DeliveryFile {
  readonly deliveries: ReadonlyArray<Delivery>
  readonly bundles: ReadonlyArray<PolicyBundle>
  /** The labels of namespaces, by name. */
  readonly namespaces: ReadonlyMap<string, Readonly<Record<string, string>>>
  readonly notifiers: ReadonlyArray<Notifier>
  readonly secrets: ReadonlyArray<GivenSecret>
  /** What is allowed and yet most likely a mistake: one line each. */
  readonly warnings: ReadonlyArray<string>
}

const Labels = Schema.optionalKey(Schema.Record(Schema.String, Schema.String))

const Secret = Schema.Struct({
  apiVersion: Schema.Literal("v1"),
  kind: Schema.Literal("Secret"),
  metadata: Schema.Struct({
    name: Schema.String,
    namespace: Schema.optionalKey(Schema.String),
    labels: Labels,
    annotations: Labels
  }),
  type: Schema.optionalKey(Schema.String),
  immutable: Schema.optionalKey(Schema.Boolean),
  data: Schema.optionalKey(Schema.Record(
    Schema.String,
    Schema.String.check(
      Schema.isPattern(/^[A-Za-z0-9+/=\s]*$/u, { expected: "base64 (plain text belongs into stringData)" })
    )
  )),
  stringData: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
})

const Namespace = Schema.Struct({
  apiVersion: Schema.Literal("v1"),
  kind: Schema.Literal("Namespace"),
  metadata: Schema.Struct({ name: Schema.String, labels: Labels, annotations: Labels }),
  spec: Schema.optionalKey(Schema.Json),
  status: Schema.optionalKey(Schema.Json)
})

const kinds: Readonly<Record<string, string>> = {
  Delivery: apiVersion,
  Notifier: apiVersion,
  PolicyBundle: apiVersion,
  Secret: "v1",
  Namespace: "v1"
}

type Read =
  | { readonly kind: "Delivery"; readonly value: Delivery; readonly document: YamlDocument }
  | { readonly kind: "PolicyBundle"; readonly value: PolicyBundle; readonly document: YamlDocument }
  | { readonly kind: "Namespace"; readonly value: typeof Namespace.Type }
  | { readonly kind: "Notifier"; readonly value: Notifier }
  | { readonly kind: "Secret"; readonly value: GivenSecret }

type Answer = Result.Result<Read, ReadonlyArray<InvalidSpec>>

const refuse = (document: YamlDocument, path: ReadonlyArray<PropertyKey>, detail: string, hint?: string) =>
  InvalidSpec.make({ detail, origin: document.place(path), ...hint === undefined ? {} : { hint } })

/** What the schema cannot say: one ref, one renderer. */
const contradicted = (schema: Schema.Constraint, document: YamlDocument) =>
  contradictions(schema, document.value).map(({ hint, path, says, where }) =>
    refuse(document, path, `${written(where)} ${says}`, hint)
  )

const readWhole = <S extends Schema.Codec<unknown, unknown>>(schema: S, document: YamlDocument) => {
  const decoded = decode(schema, document)
  const errors = [...Result.isFailure(decoded) ? decoded.failure : [], ...contradicted(schema, document)]
  return errors.length > 0 ? Result.fail(errors) : decoded
}

const readDelivery = (document: YamlDocument): Answer =>
  Result.map(readWhole(Delivery, document), (value) => ({ kind: "Delivery", value, document }))

const readBundle = (document: YamlDocument): Answer =>
  Result.map(readWhole(PolicyBundle, document), (value) => ({ kind: "PolicyBundle", value, document }))

const readNamespace = (document: YamlDocument): Answer =>
  Result.map(decode(Namespace, document), (value) => ({ kind: "Namespace", value }))

/** Decoded by the sink that it names, or else every other sink would complain of what it lacks. */
const readNotifier = (document: YamlDocument, object: Json): Answer => {
  const given = at(object, "spec")
  const names = Object.keys(isJsonObject(given) ? given : {})
  const named = names.filter((name) => sinks.some((sink) => sink === name))
  if (named.length !== 1) {
    const [stray] = named.length > 1 ? named : names
    return Result.fail([
      refuse(
        document,
        ["spec", ...stray === undefined ? [] : [stray]],
        `a Notifier names exactly one of ${sinks.join(", ")} in its spec`,
        stray === undefined || named.length > 1 ? "One sink each; write a second Notifier." : suggestion(stray, sinks)
      )
    ])
  }
  return Result.map(decode(notifierOf(object), document), (value) => ({ kind: "Notifier", value }))
}

const readSecret = (document: YamlDocument): Answer =>
  Result.map(decode(Secret, document), ({ data, metadata, stringData }) => ({
    kind: "Secret",
    value: {
      namespace: metadata.namespace ?? "default",
      name: metadata.name,
      values: Object.fromEntries([
        ...Object.entries(data ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64").toString()] as const),
        ...Object.entries(stringData ?? {})
      ].map(([key, value]) => [key, Redacted.make(value)]))
    }
  }))

const readDocument = (document: YamlDocument): Answer => {
  const object = document.value as Json
  if (!isJsonObject(object)) return Result.fail([refuse(document, [], "expected an object with apiVersion and kind")])
  const kind = String(object.kind ?? "")
  const version = kinds[kind]
  if (version === undefined) {
    const detail = kind === ""
      ? "the field \"kind\" is missing"
      : `the kind ${JSON.stringify(kind)} does not belong here`
    return Result.fail([refuse(document, ["kind"], detail, suggestion(kind, Object.keys(kinds)))])
  }
  if (object.apiVersion !== version) {
    return Result.fail([refuse(document, ["apiVersion"], `apiVersion: expected "${version}" for a ${kind}`)])
  }
  switch (kind) {
    case "Delivery":
      return readDelivery(document)
    case "PolicyBundle":
      return readBundle(document)
    case "Notifier":
      return readNotifier(document, object)
    case "Namespace":
      return readNamespace(document)
    default:
      return readSecret(document)
  }
}

const duplicates = (reads: ReadonlyArray<Read>): ReadonlyArray<InvalidSpec> => {
  const seen = new Map<string, number | undefined>()
  return reads.flatMap((read) => {
    if (read.kind !== "Delivery" && read.kind !== "PolicyBundle") return []
    const name = `${read.kind} ${read.kind === "Delivery" ? nameOf(read.value) : read.value.metadata.name}`
    const origin = read.document.place(["metadata", "name"])
    if (!seen.has(name)) {
      seen.set(name, origin.line)
      return []
    }
    return [
      refuse(
        read.document,
        ["metadata", "name"],
        `the ${name} is there twice: first on line ${seen.get(name)}`
      )
    ]
  })
}

const unanswered = (
  deliveries: ReadonlyArray<Delivery>,
  notifiers: ReadonlyArray<Notifier>
): ReadonlyArray<string> =>
  deliveries.flatMap((delivery) =>
    delivery.spec.notify
      .filter(({ name }) =>
        !notifiers.some(({ metadata }) => metadata.name === name && metadata.namespace === delivery.metadata.namespace)
      )
      .map(({ name }) =>
        `${nameOf(delivery)} notifies ${JSON.stringify(name)}, and the file holds no such Notifier in its namespace`
      )
  )

/** Reads a text; fails with everything that is wrong in it. */
export const parse = (file: string, text: string): Result.Result<DeliveryFile, ReadonlyArray<InvalidSpec>> => {
  const { documents, errors } = yamlDocuments(file, text)
  if (errors.length > 0) return Result.fail(errors)
  const answers = documents.map(readDocument)
  const reads = answers.filter(Result.isSuccess).map(({ success }) => success)
  const wrong = [...answers.filter(Result.isFailure).flatMap(({ failure }) => failure), ...duplicates(reads)]
  if (wrong.length > 0) return Result.fail(wrong)
  const deliveries = reads.flatMap((read) => read.kind === "Delivery" ? [read.value] : [])
  const bundles = reads.flatMap((read) => read.kind === "PolicyBundle" ? [read.value] : [])
  const namespaces = new Map(
    reads.flatMap((read) =>
      read.kind === "Namespace" ? [[read.value.metadata.name, read.value.metadata.labels ?? {}] as const] : []
    )
  )
  const notifiers = reads.flatMap((read) => read.kind === "Notifier" ? [read.value] : [])
  const secrets = reads.flatMap((read) => read.kind === "Secret" ? [read.value] : [])
  return deliveries.length === 0
    ? Result.fail([InvalidSpec.make({ detail: "holds no Delivery", origin: { file } })])
    : Result.succeed({
      deliveries,
      bundles,
      namespaces,
      notifiers,
      secrets,
      warnings: [...unanswered(deliveries, notifiers), ...guesses({ deliveries, bundles, namespaces })]
    })
}

/** Reads what `-f` names, at most 1 MiB. From here on the values of its Secrets are redacted in all output. */
export const read = Effect.fn("DeliveryFile.read")(function*(file: string) {
  const files = yield* FileSystem.FileSystem
  const refused = (detail: string, hint: string) =>
    new Failures({ errors: [InvalidSpec.make({ detail, hint, origin: { file } })] })
  const information = yield* Effect.mapError(
    files.stat(file),
    () => refused("there is no such file", "Name the file of the Delivery with -f.")
  )
  if (information.type !== "File" || information.size > maximumBytes) {
    return yield* refused("is no file of at most 1 MiB", "Name the file of the Delivery with -f.")
  }
  const text = yield* Effect.mapError(
    files.readFileString(file),
    () => refused("cannot be read", "Check its permissions.")
  )
  const parsed = parse(file, text)
  if (Result.isFailure(parsed)) return yield* new Failures({ errors: parsed.failure })
  const redactions = yield* Redactions
  for (const { values } of parsed.success.secrets) {
    for (const value of Object.values(values)) redactions.add(Redacted.value(value))
  }
  return parsed.success
})
