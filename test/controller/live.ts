import * as Schema from "effect/Schema"
import { apiVersion, WrittenDelivery } from "../../src/api/v1alpha1/Delivery.ts"
import type { DeliveryStatus } from "../../src/api/v1alpha1/DeliveryStatus.ts"
import type { Notifier } from "../../src/api/v1alpha1/Notifier.ts"
import type { Match } from "../../src/api/v1alpha1/PolicyBundle.ts"
import { type Guardrail, idOf, type LiveDelivery, type LiveNotifier, Registry } from "../../src/controller/Registry.ts"
import { FetchFailed } from "../../src/domain/StageError.ts"

const source = { git: { url: "https://git.example.com/shop.git", branch: "main" } }

export interface Options {
  readonly spec?: Readonly<Record<string, unknown>>
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly status?: DeliveryStatus
  readonly uid?: string
  readonly deleting?: boolean
}

/** A Delivery as it stands in a cluster, with a source of its own unless `spec.source` is undefined. */
export const live = (id: string, options: Options = {}): LiveDelivery => {
  const [namespace = "", name = ""] = id.split("/")
  const { annotations, labels, spec = {} } = options
  return {
    namespace,
    name,
    uid: options.uid ?? `uid-of-${id}`,
    generation: 1,
    resourceVersion: "1",
    deleting: options.deleting ?? false,
    finalizers: [],
    status: options.status ?? {},
    resource: Schema.decodeUnknownSync(WrittenDelivery)({
      apiVersion,
      kind: "Delivery",
      metadata: {
        name,
        namespace,
        ...labels === undefined ? {} : { labels },
        ...annotations === undefined ? {} : { annotations }
      },
      spec: Object.fromEntries(Object.entries({ source, ...spec }).filter(([, value]) => value !== undefined))
    })
  }
}

/** A Notifier as it stands in a cluster. */
export const liveNotifier = (resource: Notifier): LiveNotifier => ({
  ...resource.metadata,
  uid: `uid-of-${resource.metadata.name}`,
  generation: 1,
  resourceVersion: "1",
  deleting: false,
  finalizers: [],
  status: {},
  resource
})

/** A cluster of these Deliveries, in whose namespaces the account `sluice` exists. */
export const registry = (...deliveries: ReadonlyArray<LiveDelivery>): Registry => {
  const known = new Registry()
  for (const delivery of deliveries) {
    known.set(delivery)
    known.accounts.add(idOf({ namespace: delivery.namespace, name: "sluice" }))
    known.namespaces.set(delivery.namespace, { labels: {}, terminating: false })
  }
  return known
}

/** The status of a Delivery that is ready on a revision. */
export const ready = (revision: string): DeliveryStatus => ({
  observedGeneration: 1,
  conditions: [{
    type: "Ready",
    status: "True",
    reason: "Succeeded",
    message: "",
    lastTransitionTime: "2026-11-25T12:00:00Z"
  }],
  source: { revision, url: "https://git.example.com/shop.git" }
})

/** A PolicyBundle as it stands in a cluster: with a digest it judges, and without it and an error it was never looked at. */
export const guardrail = (
  name: string,
  { digest, error, match = {}, problems = [] }: {
    readonly match?: Match
    readonly digest?: string
    readonly error?: string
    readonly problems?: ReadonlyArray<string>
  }
): Guardrail => ({
  name,
  uid: `uid-of-${name}`,
  generation: 1,
  status: {},
  match,
  resource: undefined,
  problems,
  state: digest === undefined && error === undefined ? undefined : {
    error: error === undefined ? undefined : new FetchFailed({ detail: error }),
    guard: digest === undefined ? undefined : {
      revision: "main@sha1:1",
      policies: ["a"],
      bundle: {
        name,
        digest,
        origin: "bundle",
        enforcement: "enforce",
        isWaivable: false,
        waivers: [],
        files: [],
        parameters: {}
      }
    }
  }
})
