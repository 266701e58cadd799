import * as Result from "effect/Result"
import { at, isJsonObject, type Json, type JsonObject } from "../domain/Json.ts"
import type { ObjectRef } from "../domain/ObjectRef.ts"
import { KubeFailure } from "../domain/StageError.ts"

/** What was asked for, in the words of RBAC: a failure tells it. */
export interface Asked {
  /** `get`, `list`, `patch`, `create`, `delete`. */
  readonly verb: string
  /** `deployments.apps` */
  readonly resource: string
  readonly object?: ObjectRef
}

const longest = 2_000

const text = (value: Json | undefined): string => typeof value === "string" ? value : ""

const oneLine = (value: string): string => {
  const line = value.replaceAll(/\s+/gu, " ").trim()
  return line.length <= longest ? line : `${line.slice(0, longest)}…`
}

/** Texts of the API server that repeat a value: of a Secret, they must not. */
const withoutValues = (detail: string): string =>
  detail
    .replaceAll(/valueUnstructured\{[^}]*\}?/gu, "(masked)")
    .replaceAll(
      /(Invalid value: |Unsupported value: |Duplicate value: |got )("(?:[^"\\]|\\.)*"|`[^`]*`|\S+)/gu,
      "$1(masked)"
    )

/** The values of a Secret as they may be quoted, the longest first: one may contain another. */
const valuesOf = (secret: Json | undefined): ReadonlyArray<string> => {
  const data = at(secret, "data")
  return Object.values(isJsonObject(data) ? data : {})
    .flatMap((value) => typeof value === "string" ? [value, Buffer.from(value, "base64").toString()] : [])
    .filter((value) => value.length > 3)
    .sort((a, b) => b.length - a.length)
}

/** Removes the values of a Secret that was sent from what the server says about it: webhooks may quote what they refuse. */
export const scrub = (detail: string, sent: JsonObject | undefined, secret: boolean): string => {
  if (!secret) return oneLine(detail)
  return oneLine(valuesOf(sent).reduce((told, value) => told.replaceAll(value, "(masked)"), withoutValues(detail)))
}

const seconds = (value: Json | undefined): number | undefined =>
  typeof value === "number" && value > 0 ? value * 1_000 : undefined

/** Milliseconds of a Retry-After header: seconds, or a date. */
export const retryAfterOf = (header: string | ReadonlyArray<string> | undefined, now: number): number | undefined => {
  const value = typeof header === "string" ? header : header?.[0]
  if (value === undefined) return undefined
  if (/^[0-9]{1,9}$/u.test(value.trim())) return Number(value) * 1_000
  const date = Date.parse(value)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now)
}

/** An answer that is not a success, as the failure that stages see. `identity` is added by who knows it. */
export interface Refused {
  readonly status: number
  readonly body: string
  readonly retryAfter: number | undefined
  readonly identity: string
  /** The object that was sent, to keep its values out of the text. */
  readonly sent: JsonObject | undefined
}

const parse = (body: string): JsonObject | undefined => {
  const document = Result.try((): Json => JSON.parse(body))
  return Result.isSuccess(document) && isJsonObject(document.success) ? document.success : undefined
}

/**
 * A server-side apply that does not fit the schema is answered with 500, as if it were the server's fault; waiting does
 * not help. Newer servers may say 400 or 422.
 */
export const isMisfit = (status: number, body: string): boolean =>
  status === 500 && /failed to (?:create typed patch object|convert new object)/u.test(body)

/** The API server's Status object (or another server's answer, of which only the code is told) as a failure. */
export const fromStatus = (asked: Asked, { body, identity, retryAfter, sent, status }: Refused): KubeFailure => {
  const document = parse(body)
  const secret = asked.resource === "secrets"
  const causes = at(document, "details", "causes")
  const wait = retryAfter ?? seconds(at(document, "details", "retryAfterSeconds"))
  const misfit = isMisfit(status, body)
  return new KubeFailure({
    ...asked,
    status: misfit ? 422 : status,
    identity,
    reason: misfit ? "Invalid" : text(at(document, "reason")) || `Http${status}`,
    detail: scrub(text(at(document, "message")), sent, secret) || `the server answered with HTTP ${status}`,
    causes: (Array.isArray(causes) ? causes as ReadonlyArray<Json> : []).slice(0, 100).map((cause) => ({
      reason: text(at(cause, "reason")),
      field: text(at(cause, "field")),
      message: scrub(text(at(cause, "message")), sent, secret)
    })),
    ...wait === undefined ? {} : { retryAfter: wait }
  })
}

/** A request that got no answer, or could not be made. */
export const unanswered = (asked: Asked, identity: string, reason: string, detail: string): KubeFailure =>
  new KubeFailure({ ...asked, status: 0, reason, detail: oneLine(detail), identity, causes: [] })

/** A change that this replica must not make now. Transient: it has its Lease again soon, or somebody else makes it. */
export const fenced = (asked: Asked, identity: string): KubeFailure =>
  unanswered(asked, identity, "Fenced", "this replica does not hold its Lease now, and changes nothing until it does")

/** A request that we refuse to make, as the API server would have refused it. */
export const badRequest = (asked: Asked, identity: string, detail: string): KubeFailure =>
  new KubeFailure({ ...asked, status: 400, reason: "BadRequest", detail, identity, causes: [] })

/** An object of a kind that the cluster does not serve (yet: its CRD may be on its way). */
export const unserved = (asked: Asked, identity: string): KubeFailure =>
  new KubeFailure({
    ...asked,
    status: 404,
    reason: "UnknownKind",
    detail: `the cluster does not serve ${asked.resource}`,
    identity,
    causes: []
  })
