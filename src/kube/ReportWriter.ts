import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { at, type Json, type JsonObject } from "../domain/Json.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import * as AdaptiveLimit from "./AdaptiveLimit.ts"
import { watchCollection } from "./collection.ts"
import { agentManager } from "./DeliveryWriter.ts"
import { type Asked, badRequest } from "./failure.ts"
import { Identity, nameOf } from "./Identity.ts"
import { KubeClient, type KubeRequest } from "./KubeClient.ts"
import type { ResourceKind } from "./KubeReader.ts"
import { listAll, metadataLists } from "./listing.ts"
import { resourcePath } from "./resourcePath.ts"
import { metadataOnly } from "./watch.ts"

/** A kind of report that dashboards read. */
export interface ReportKind extends ResourceKind {
  /** The name of its CRD, and of the resource in RBAC. */
  readonly definition: string
  /** Whether the report itself may say where it is from, beside its results. */
  readonly hasSource: boolean
}

const reportKind = (group: string, version: string, kind: string, plural: string): ReportKind => ({
  apiVersion: `${group}/${version}`,
  kind,
  plural,
  namespaced: true,
  verbs: [],
  definition: `${plural}.${group}`,
  hasSource: group === "openreports.io"
})

/** The kinds that are known, the preferred first: the standard, then what it was before. */
export const reportKinds = [
  reportKind("openreports.io", "v1alpha1", "Report", "reports"),
  reportKind("wgpolicyk8s.io", "v1alpha2", "PolicyReport", "policyreports")
] as const

/** One report, named after its Delivery, and the digest of what it says. */
export interface ReportId {
  readonly namespace: string
  readonly name: string
}
export interface WrittenReport extends ReportId {
  readonly digest: string
}

/** Of what a report says, so that after a restart nothing is written that is there. */
export const digestAnnotation = "sluice.dev/digest"
export const managedBy = { "app.kubernetes.io/managed-by": "sluice" }

/** The right to write policy reports, as the agent: its own record, and no other object. */
export class ReportWriter extends Context.Service<ReportWriter, {
  /** Which kinds the cluster serves, at first and after each change. It ends where CRDs may not be watched. */
  readonly served: Stream.Stream<ReadonlyArray<ReportKind>, KubeFailure>
  /** All reports of this kind that Sluice wrote: one LIST of metadata. */
  readonly written: (kind: ReportKind) => Effect.Effect<ReadonlyArray<WrittenReport>, KubeFailure>
  /** Makes or replaces it, by server-side apply. */
  readonly write: (
    kind: ReportKind,
    report: ReportId & { readonly object: JsonObject }
  ) => Effect.Effect<void, KubeFailure>
  /** One that is gone is no failure. */
  readonly remove: (kind: ReportKind, report: ReportId) => Effect.Effect<void, KubeFailure>
}>()("sluice/kube/ReportWriter") {
  static readonly layer: Layer.Layer<ReportWriter, never, KubeClient> = Layer.effect(
    ReportWriter,
    Effect.gen(function*() {
      return make(yield* KubeClient, yield* AdaptiveLimit.make(atOnce))
    })
  )
}

/** Reports on their way at once: a thousand that change give way to what they tell of. */
const atOnce = 4

const definitions = { apiVersion: "apiextensions.k8s.io/v1", plural: "customresourcedefinitions", namespaced: false }

const isServed = (kind: ReportKind, definition: Json): boolean => {
  const list = (...path: ReadonlyArray<string>) => {
    const value = at(definition, ...path)
    return Array.isArray(value) ? value as ReadonlyArray<Json> : []
  }
  const isEstablished = list("status", "conditions")
    .some((condition) => at(condition, "type") === "Established" && at(condition, "status") === "True")
  const [, version] = kind.apiVersion.split("/")
  return isEstablished && at(definition, "metadata", "deletionTimestamp") === undefined &&
    list("spec", "versions").some((each) => at(each, "name") === version && at(each, "served") === true)
}

const make = (client: KubeClient["Service"], line: AdaptiveLimit.AdaptiveLimit): ReportWriter["Service"] => {
  const session = client.as(Identity.Self())

  /** Whether this one kind is served, each time that it may have changed. */
  const following = (kind: ReportKind): Stream.Stream<readonly [ReportKind, boolean], KubeFailure> =>
    watchCollection(session, { kind: definitions, fieldSelector: `metadata.name=${kind.definition}` }).pipe(
      Stream.filter((event) => event._tag !== "Bookmark"),
      Stream.map((event) => {
        const [object] = event._tag === "Listed" ? event.objects : event._tag === "Changed" ? [event.object] : []
        return [kind, object !== undefined && isServed(kind, object)] as const
      })
    )
  const served = Stream.suspend(() => {
    const known = new Map<ReportKind, boolean>()
    return Stream.mergeAll(reportKinds.map(following), { concurrency: "unbounded" }).pipe(
      Stream.filter(([kind, is]) => known.get(kind) !== is),
      Stream.map(([kind, is]) => {
        known.set(kind, is)
        return reportKinds.filter((each) => known.get(each) === true)
      }),
      // Which is preferred is not known before all are.
      Stream.filter(() => known.size === reportKinds.length)
    )
  })

  const send = Effect.fnUntraced(function*(
    kind: ReportKind,
    verb: string,
    { name, namespace }: ReportId,
    request: Pick<KubeRequest, "method" | "contentType" | "query" | "body">
  ) {
    const [group = ""] = kind.apiVersion.split("/")
    const asked: Asked = { verb, resource: kind.definition, object: { group, kind: kind.kind, namespace, name } }
    const path = resourcePath(kind, namespace, name)
    if (path === undefined) return yield* badRequest(asked, nameOf(session.identity), "no name of an object")
    yield* session.request({ ...request, asked, path, accept: metadataOnly, idempotent: true })
  })

  return {
    served,
    written: (kind) => {
      const request: KubeRequest = {
        asked: { verb: "list", resource: kind.definition },
        method: "GET",
        path: resourcePath(kind, undefined) ?? "/",
        query: { labelSelector: Object.entries(managedBy).map((pair) => pair.join("=")).join(",") },
        accept: metadataLists,
        idempotent: true
      }
      const text = (value: Json | undefined) => typeof value === "string" ? value : ""
      const read = (item: Json): WrittenReport => ({
        namespace: text(at(item, "metadata", "namespace")),
        name: text(at(item, "metadata", "name")),
        digest: text(at(item, "metadata", "annotations", digestAnnotation))
      })
      return Effect.map(listAll(session, request, read), ({ items }) => items)
    },
    write: (kind, { object, ...report }) =>
      send(kind, "patch", report, {
        method: "PATCH",
        contentType: "application/apply-patch+yaml",
        query: { fieldManager: agentManager, force: "true" },
        body: JSON.stringify(object)
      }).pipe(line.withPermit),
    remove: (kind, report) =>
      send(kind, "delete", report, { method: "DELETE" }).pipe(
        Effect.catchIf(({ status }) => status === 404, () => Effect.void),
        line.withPermit
      )
  }
}
