import type { Collector } from "../telemetry/Meter.ts"
import {
  bundleInfo,
  deliveryInfo,
  lastApplied,
  sourceInterval,
  sourceLastSuccess,
  tokenExpiry
} from "../telemetry/metrics.ts"
import { conditionOf } from "./conditions.ts"
import type { Registry } from "./Registry.ts"
import type { VitalsBoard } from "./Vitals.ts"

/** How the Deliveries stand that this process tends. */
export const deliveriesOf = ({ all }: VitalsBoard): Collector => (now) => {
  for (const { isSuspended, lane, name, namespace, status, wellAt } of all) {
    const ready = conditionOf(status(), "Ready")
    now.set(deliveryInfo, {
      namespace,
      name,
      ready: ready?.status ?? "Unknown",
      reason: ready?.reason ?? "",
      suspended: String(isSuspended())
    }, 1)
    if (wellAt !== undefined) now.set(lastApplied, { namespace, name }, wellAt / 1_000)
    const source = lane?.source()
    const listed = source?.listed()
    if (lane !== undefined && listed !== undefined) {
      now.set(sourceLastSuccess, { namespace, name }, listed.succeededAt / 1_000)
      now.set(sourceInterval, { namespace, name }, lane.interval / 1_000)
    }
    if (source?.expires !== undefined) {
      now.set(tokenExpiry, { kind: "git", namespace, name }, source.expires / 1_000)
    }
  }
}

/** Which PolicyBundles can judge. */
export const bundlesOf = ({ bundles }: Registry): Collector => (now) => {
  for (const { name, resource, state } of bundles.values()) {
    const judges = resource !== undefined && state?.guard !== undefined
    const ready = judges ? "True" : resource !== undefined && state === undefined ? "Unknown" : "False"
    now.set(bundleInfo, { bundle: name, ready }, 1)
  }
}
