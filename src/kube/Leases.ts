import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { at, type Json, type JsonObject } from "../domain/Json.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import { watchCollection } from "./collection.ts"
import { KubeClient, type KubeRequest } from "./KubeClient.ts"
import type { CollectionEvent, ResourceKind } from "./KubeReader.ts"
import { listAll } from "./listing.ts"
import { resourcePath } from "./resourcePath.ts"

/** What one replica says of itself. */
export interface LeaseSpec {
  /** Of the installation's replicas, this one: the Lease is `sluice-<instance>`. */
  readonly instance: string
  /** The instance, and where its process runs: the pod, or the machine and the number there. */
  readonly holder: string
  /** This one process. */
  readonly process: string
  /** Milliseconds, whole seconds. */
  readonly duration: number
  /** The members among whom this one shares the work, in order. */
  readonly view: ReadonlyArray<string>
  /** `host:port` at which other replicas may reach its webhooks. */
  readonly address: string | undefined
  /** When this process took it, in milliseconds since the epoch. */
  readonly acquired: number
  /** How often it went to another process. */
  readonly transitions: number
}

/** A Lease as it stands in the cluster. */
export interface Lease extends LeaseSpec {
  readonly uid: string
  /** Another for each renewal. */
  readonly version: string
}

export interface LeaseRequest {
  readonly namespace: string
  /** Milliseconds; nothing is tried again here. */
  readonly deadline: number
}

/** The right to the Leases of replicas, as the agent. Its requests pass by the fence that they keep open. */
export class Leases extends Context.Service<Leases, {
  /** All of them as they are now, from etcd and no cache. */
  readonly list: (options: LeaseRequest) => Effect.Effect<ReadonlyArray<Lease>, KubeFailure>
  /** What happens to them. It ends where the cluster refuses it. */
  readonly watch: (namespace: string) => Stream.Stream<CollectionEvent<Lease | undefined>, KubeFailure>
  readonly create: (options: LeaseRequest, lease: LeaseSpec) => Effect.Effect<Lease, KubeFailure>
  /** Fails with 409 where it is no longer what it was, with 404 where it is gone. */
  readonly replace: (options: LeaseRequest, before: Lease, lease: LeaseSpec) => Effect.Effect<Lease, KubeFailure>
  /** The same; `anyVersion`: whatever it says by now, as long as it is this object. */
  readonly delete: (options: LeaseRequest, lease: Lease, anyVersion?: boolean) => Effect.Effect<void, KubeFailure>
}>()("sluice/kube/Leases") {
  static readonly layer: Layer.Layer<Leases, never, KubeClient> = Layer.effect(Leases, Effect.map(KubeClient, make))
}

const kind: ResourceKind = {
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  plural: "leases",
  namespaced: true,
  verbs: []
}
const labels = { "app.kubernetes.io/name": "sluice" }
const labelSelector = "app.kubernetes.io/name=sluice"
const prefix = "sluice-"

const annotations = {
  process: "sluice.dev/process",
  view: "sluice.dev/members",
  address: "sluice.dev/address"
}

/** The longest and the usual time of a Lease, in milliseconds, whatever somebody writes into one. */
export const longestLease = 300_000
const usualLease = 15_000

const text = (value: Json | undefined): string => typeof value === "string" ? value : ""

/** A Lease of a replica; undefined where it is something else. */
const read = (item: Json): Lease | undefined => {
  const name = text(at(item, "metadata", "name"))
  if (!name.startsWith(prefix)) return undefined
  const annotation = (key: keyof typeof annotations) => text(at(item, "metadata", "annotations", annotations[key]))
  const seconds = at(item, "spec", "leaseDurationSeconds")
  const transitions = at(item, "spec", "leaseTransitions")
  return {
    instance: name.slice(prefix.length),
    uid: text(at(item, "metadata", "uid")),
    version: text(at(item, "metadata", "resourceVersion")),
    holder: text(at(item, "spec", "holderIdentity")),
    process: annotation("process"),
    duration: typeof seconds === "number" ? Math.min(longestLease, 1_000 * seconds) : usualLease,
    view: annotation("view").split(",").filter((member) => member !== ""),
    address: annotation("address") || undefined,
    acquired: Date.parse(text(at(item, "spec", "acquireTime"))) || 0,
    transitions: typeof transitions === "number" ? transitions : 0
  }
}

/** `2026-11-25T15:57:19.123000Z` */
const microTime = (milliseconds: number): string =>
  DateTime.formatIso(DateTime.makeUnsafe(milliseconds)).replace("Z", "000Z")

const objectOf = (namespace: string, lease: LeaseSpec, now: number, before?: Lease): JsonObject => ({
  apiVersion: kind.apiVersion,
  kind: kind.kind,
  metadata: {
    namespace,
    name: prefix + lease.instance,
    labels,
    annotations: {
      [annotations.process]: lease.process,
      [annotations.view]: lease.view.join(","),
      ...lease.address === undefined ? {} : { [annotations.address]: lease.address }
    },
    ...before === undefined ? {} : { uid: before.uid, resourceVersion: before.version }
  },
  spec: {
    holderIdentity: lease.holder,
    leaseDurationSeconds: lease.duration / 1_000,
    acquireTime: microTime(lease.acquired),
    renewTime: microTime(now),
    leaseTransitions: lease.transitions
  }
})

function make(client: KubeClient["Service"]): Leases["Service"] {
  const session = client.leases
  const place = (namespace: string, instance?: string) =>
    resourcePath(kind, namespace, instance === undefined ? undefined : prefix + instance) ?? "/"
  const asked = (verb: string, namespace: string, instance: string) => ({
    verb,
    resource: "leases.coordination.k8s.io",
    object: { group: "coordination.k8s.io", kind: kind.kind, namespace, name: prefix + instance }
  })
  const write = Effect.fnUntraced(function*(
    method: "POST" | "PUT",
    { deadline, namespace }: LeaseRequest,
    lease: LeaseSpec,
    before?: Lease
  ) {
    const now = yield* DateTime.now
    const answer = yield* session.request({
      asked: asked(method === "POST" ? "create" : "update", namespace, lease.instance),
      method,
      path: place(namespace, before === undefined ? undefined : lease.instance),
      contentType: "application/json",
      body: JSON.stringify(objectOf(namespace, lease, DateTime.toEpochMillis(now), before)),
      idempotent: false,
      once: true,
      deadline
    })
    const written: Lease = {
      ...lease,
      uid: text(at(answer, "metadata", "uid")),
      version: text(at(answer, "metadata", "resourceVersion"))
    }
    return written
  })
  return {
    list: ({ deadline, namespace }) => {
      const request: KubeRequest = {
        asked: { verb: "list", resource: "leases.coordination.k8s.io" },
        method: "GET",
        path: place(namespace),
        query: { labelSelector },
        idempotent: true,
        once: true,
        deadline
      }
      return Effect.map(listAll(session, request, read), ({ items }) => items.filter((lease) => lease !== undefined))
    },
    watch: (namespace) =>
      Stream.map(
        watchCollection(session, { kind, namespace, labelSelector }),
        (event): CollectionEvent<Lease | undefined> =>
          event._tag === "Listed"
            ? { ...event, objects: event.objects.map(read) }
            : event._tag === "Bookmark"
            ? event
            : { ...event, object: read(event.object) }
      ),
    create: (options, lease) => write("POST", options, lease),
    replace: (options, before, lease) => write("PUT", options, lease, before),
    delete: ({ deadline, namespace }, { instance, uid, version }, anyVersion = false) =>
      Effect.asVoid(session.request({
        asked: asked("delete", namespace, instance),
        method: "DELETE",
        path: place(namespace, instance),
        contentType: "application/json",
        body: JSON.stringify({
          apiVersion: "v1",
          kind: "DeleteOptions",
          preconditions: { uid, ...anyVersion ? {} : { resourceVersion: version } }
        }),
        idempotent: false,
        once: true,
        deadline
      }))
  }
}
