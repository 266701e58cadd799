import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Condition, DeliveryStatus, PastRun } from "../api/v1alpha1/DeliveryStatus.ts"
import { at, isJsonObject, type Json, type JsonObject } from "../domain/Json.ts"
import * as Revision from "../domain/Revision.ts"

/**
 * A Delivery as it stands in a cluster, as far as it can be shown: by field, where the agent takes all or nothing. What
 * it claims is somebody else's text.
 */
export interface ShownDelivery {
  readonly namespace: string
  readonly name: string
  readonly object: JsonObject
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly createdAt: string
  readonly isDeleting: boolean
  readonly isSuspended: boolean
  readonly suspension: { readonly reason?: string; readonly by?: string; readonly until?: string }
  /** Its own source; undefined where it inherits one. */
  readonly source: { readonly url: string; readonly ref: string } | undefined
  readonly path: string
  readonly dependsOn: ReadonlyArray<{ readonly namespace: string; readonly name: string }>
  /** The names of its Notifiers. */
  readonly notify: ReadonlyArray<string>
  readonly drift: string
  /** Whether the status is about the Delivery as it is now. */
  readonly isObserved: boolean
  readonly status: DeliveryStatus
  /** Fields of the status that say nothing that we know. */
  readonly unreadable: ReadonlyArray<string>
}

const text = (object: Json | undefined, ...path: ReadonlyArray<string>): string => {
  const value = at(object, ...path)
  return typeof value === "string" ? value : ""
}

const items = (value: Json | undefined): ReadonlyArray<Json> => Array.isArray(value) ? value as ReadonlyArray<Json> : []

const texts = (value: Json | undefined): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(isJsonObject(value) ? value : {}).filter((entry): entry is [string, string] =>
      typeof entry[1] === "string"
    )
  )

const fields = Object.keys(DeliveryStatus.fields) as ReadonlyArray<keyof DeliveryStatus>
const decoders = new Map(
  fields.map((field) => [
    field,
    Schema.decodeUnknownResult(Schema.Struct({ [field]: DeliveryStatus.fields[field] }))
  ])
)
const decodeCondition = Schema.decodeUnknownResult(Condition)
const decodePastRun = Schema.decodeUnknownResult(PastRun)

/** A newer agent may say more than we know: of lists, what is understood is taken. */
const understood = (field: string, value: Json): Json =>
  field === "conditions"
    ? items(value).filter((item) => Result.isSuccess(decodeCondition(item)))
    : field === "history"
    ? items(value).filter((item) => Result.isSuccess(decodePastRun(item)))
    : value

const readStatus = (status: Json | undefined): Pick<ShownDelivery, "status" | "unreadable"> => {
  const unreadable: Array<string> = []
  const read: DeliveryStatus = {}
  for (const field of fields) {
    const value = at(status, field)
    if (value === undefined) continue
    const decoded = decoders.get(field)!({ [field]: understood(field, value) })
    if (Result.isSuccess(decoded)) Object.assign(read, decoded.success)
    else unreadable.push(field)
  }
  return { status: read, unreadable }
}

/** Reads a live Delivery. Nothing in it is trusted to be of its type: what is not is left out, or told as unreadable. */
export const read = (object: JsonObject): ShownDelivery => {
  const [metadata, spec] = [at(object, "metadata"), at(object, "spec")]
  const namespace = text(metadata, "namespace")
  const git = at(spec, "source", "git")
  const suspension = at(spec, "suspension")
  const generation = at(metadata, "generation")
  const status = readStatus(at(object, "status"))
  return {
    namespace,
    name: text(metadata, "name"),
    object,
    labels: texts(at(metadata, "labels")),
    annotations: texts(at(metadata, "annotations")),
    createdAt: text(metadata, "creationTimestamp"),
    isDeleting: text(metadata, "deletionTimestamp") !== "",
    isSuspended: at(spec, "suspend") === true,
    suspension: texts(suspension),
    source: isJsonObject(git)
      ? { url: text(git, "url"), ref: text(git, "commit") || text(git, "tag") || text(git, "branch") }
      : undefined,
    path: text(spec, "path"),
    dependsOn: items(at(spec, "dependsOn"))
      .map((each) => ({ namespace: text(each, "namespace") || namespace, name: text(each, "name") }))
      .filter(({ name }) => name !== ""),
    notify: items(at(spec, "notify")).map((each) => text(each, "name")).filter((name) => name !== ""),
    drift: text(spec, "apply", "drift") || "heal",
    isObserved: typeof generation !== "number" || status.status.observedGeneration === undefined ||
      status.status.observedGeneration >= generation,
    ...status
  }
}

/** `shop/checkout`, as people name it. */
export const nameOf = ({ name, namespace }: Pick<ShownDelivery, "name" | "namespace">): string => `${namespace}/${name}`

export const conditionOf = (
  { status }: Pick<ShownDelivery, "status">,
  type: Condition["type"]
): Condition | undefined => status.conditions?.find((condition) => condition.type === type)

/** `main@sha1:9f3c21ab`, as tables show a revision. */
export const shortRevision = (revision: string | undefined): string => {
  const parsed = revision === undefined ? undefined : Revision.parse(revision)
  return parsed === undefined ? revision ?? "" : `${parsed.name}@${parsed.algorithm}:${Revision.short(parsed)}`
}

/** Text in which revisions are as short as tables show them. */
export const shortened = (text: string): string => text.replace(/(@sha(?:1|256):[0-9a-f]{8})[0-9a-f]{32,56}/gu, "$1")

/** Whether it is ready, and why or why not, in the agent's words; `Unknown` where no agent has said anything. */
export interface State {
  readonly ready: "True" | "False" | "Unknown"
  readonly reason: string
  readonly message: string
}

export const stateOf = (delivery: ShownDelivery): State => {
  const ready = conditionOf(delivery, "Ready")
  if (ready !== undefined) return { ready: ready.status, reason: ready.reason, message: ready.message }
  return {
    ready: "Unknown",
    reason: "",
    message: delivery.unreadable.includes("conditions")
      ? "its conditions cannot be read"
      : "no agent has said anything about it yet"
  }
}
