import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { KubeSession } from "../kube/KubeClient.ts"
import { resourcePath } from "../kube/resourcePath.ts"
import * as read from "./read.ts"
import type { LiveDelivery, MalformedDelivery } from "./Registry.ts"

const kind = { apiVersion: "sluice.dev/v1alpha1", kind: "Delivery", plural: "deliveries", namespaced: true, verbs: [] }

const patience = Schedule.min([Schedule.exponential("200 millis"), Schedule.spaced("5 seconds")]).pipe(
  Schedule.jittered
)

/**
 * A Delivery as it stands now: who tended it until now may have written last what no watch has told yet. As it was seen,
 * where it is gone or another: that will be seen.
 */
export const reread = Effect.fnUntraced(function*(session: KubeSession, seen: LiveDelivery | MalformedDelivery) {
  const { name, namespace, uid } = seen
  const path = resourcePath(kind, namespace, name)
  if (path === undefined) return seen
  const asked = {
    verb: "get",
    resource: "deliveries.sluice.dev",
    object: { group: "sluice.dev", kind: kind.kind, namespace, name }
  }
  const now = yield* session.request({ asked, method: "GET", path, idempotent: true }).pipe(
    Effect.retry(($) => $(patience).pipe(Schedule.while(({ input }) => input.status !== 404 && input.status !== 403))),
    Effect.map(read.delivery),
    Effect.orElseSucceed(() => seen)
  )
  return now.uid === uid ? now : seen
})
