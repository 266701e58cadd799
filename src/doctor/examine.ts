import * as Effect from "effect/Effect"
import { apiVersion } from "../api/v1alpha1/Delivery.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import { Fetch } from "../fetch/Fetch.ts"
import { booksRef } from "../install/books.ts"
import { agentRef } from "../install/foreign.ts"
import { keeperOf } from "../install/keeper.ts"
import { overlays } from "../install/overlay.ts"
import { obstacles } from "../install/ready.ts"
import { leasesIn } from "../install/stop.ts"
import { Identity } from "../kube/Identity.ts"
import { KubeClient } from "../kube/KubeClient.ts"
import { KubeReader } from "../kube/KubeReader.ts"
import { listAll } from "../kube/listing.ts"
import { liveMetadata } from "../kube/liveMetadata.ts"
import { resourcePath } from "../kube/resourcePath.ts"
import type { ServerTime } from "../kube/serverTime.ts"
import { Programs } from "../programs/Programs.ts"
import { accountOf, agentIn, judgeAgent, judgeLeases, network } from "./agent.ts"
import { clock } from "./clock.ts"
import { cluster } from "./cluster.ts"
import { crds } from "./crds.ts"
import { type Examined, examinedOf } from "./Examined.ts"
import { bounded, failed, type Finding, ok, type Subject, unknown, untoldBy, warning } from "./Finding.ts"
import { programs } from "./programs.ts"
import { agentRights, installing } from "./rights.ts"
import { sources } from "./sources.ts"
import { judgeBundles, judgeDeliveries } from "./states.ts"
import { webhooks } from "./webhooks.ts"

export interface Question {
  readonly namespace: string
  /** Of this command. */
  readonly version: string
  /** Whether only what can be known before the installation is asked. */
  readonly before: boolean
  /** Where Git hosts send hooks to. */
  readonly hooks: string | undefined
  /** Milliseconds for one check. */
  readonly timeout: number
  /** The API server's time: that it answered at all is known already. */
  readonly time: ServerTime
  readonly tell: (findings: ReadonlyArray<Finding>) => Effect.Effect<void>
}

const listOf = (client: KubeClient["Service"], plural: string, kind: Examined["kind"]) => {
  const of = { apiVersion, kind, plural, namespaced: kind === "Delivery", verbs: [] }
  return listAll(client.as(Identity.Self()), {
    asked: { verb: "list", resource: `${plural}.sluice.dev` },
    method: "GET",
    path: resourcePath(of, undefined) ?? "/",
    idempotent: true
  }, examinedOf(kind)).pipe(
    Effect.map(({ items }) => items),
    Effect.catchIf(({ status }) => status === 404, () => Effect.succeed<Array<Examined>>([]))
  )
}

/** Who keeps the agent as it is: install, or somebody who would rather do it. `elsewhere`: agents without a StatefulSet. */
const installation = Effect.fnUntraced(function*(
  reader: KubeReader["Service"],
  { before, elsewhere, namespace }: Pick<Question, "before" | "namespace"> & {
    readonly elsewhere: ReadonlyArray<string>
  }
) {
  const agent = yield* agentIn(reader, namespace)
  const books = yield* reader.get("v1", booksRef(namespace))
  const keeper = agent === undefined
    ? undefined
    : keeperOf(liveMetadata("apps/v1", agentRef(namespace).kind, agent), namespace)
  if (keeper !== undefined) {
    const message = `is kept by ${keeper.who}`
    return [before ? warning("installation", message, keeper.help) : ok("installation", message)]
  }
  if (agent === undefined && elsewhere.length > 0) {
    return [ok("installation", `the agent runs outside of the cluster: ${elsewhere.join(", ")}`)]
  }
  if (agent === undefined) {
    return before
      ? [ok("installation", `nothing is installed in namespace ${namespace} yet`)]
      : [
        failed(
          "installation",
          `nothing is installed in namespace ${namespace}`,
          "sluice install, or name another with --namespace."
        )
      ]
  }
  return books === undefined
    ? [
      warning(
        "installation",
        "was not made by sluice install",
        `sluice install --overlay <yours> takes it over, and can then upgrade and remove it: ${overlays.join(", ")}.`
      )
    ]
    : [ok("installation", `was made by sluice install, in namespace ${namespace}`)]
})

/** Checks everything, one subject after the other; each is told as soon as it is known. Answers all of it. */
export const examine = Effect.fn("doctor.examine")(function*(question: Question) {
  const { before, hooks, namespace, tell, time, timeout, version } = question
  const [client, reader, fetch] = [yield* KubeClient, yield* KubeReader, yield* Fetch]
  const session = client.as(Identity.Self())
  const found: Array<Finding> = []
  const check = <R>(subject: Subject, findings: Parameters<typeof bounded<R>>[2], patience = timeout) =>
    bounded(subject, patience, findings).pipe(
      Effect.flatMap((all) =>
        Effect.suspend(() => {
          found.push(...all)
          return tell(all)
        })
      )
    )
  yield* check("cluster", cluster(reader))
  yield* check("clock", Effect.succeed([clock(time)]))
  const leases = yield* Effect.orElseSucceed(Effect.timeout(leasesIn(namespace), timeout), () => [])
  const holders = leases.flatMap(({ holder }) => holder === "" ? [] : [holder])
  yield* check("installation", installation(reader, { namespace, before, elsewhere: holders }))
  if (before) {
    yield* check("your rights", installing(session))
    yield* check("programs", programs(yield* Programs))
    return found
  }
  yield* check("crds", crds(reader))
  const known = <A>(list: Effect.Effect<A, KubeFailure>) =>
    Effect.match(Effect.timeout(list, timeout), {
      onSuccess: (items) => ({ items, untold: undefined }),
      onFailure: (error) => ({
        items: undefined,
        untold: error._tag === "KubeFailure" ? untoldBy(error) : "unanswered" as const
      })
    })
  const { items: deliveries, untold } = yield* known(listOf(client, "deliveries", "Delivery"))
  const agent = yield* Effect.orElseSucceed(agentIn(reader, namespace), () => undefined)
  const { items: bundles, untold: untoldBundles } = yield* known(listOf(client, "policybundles", "PolicyBundle"))
  yield* check(
    "agent",
    Effect.gen(function*() {
      const why = agent === undefined ? [] : yield* obstacles(namespace)
      return [
        ...agent === undefined ? [] : judgeAgent(agent, why, namespace, version),
        ...judgeLeases(leases, time.server, agent !== undefined)
      ]
    })
  )
  const homes = [...new Set([namespace, ...(deliveries ?? []).map((one) => one.namespace)])]
  const isOutside = agent === undefined && holders.length > 0
  // Of what is not installed there is nothing more to say; an agent outside of the cluster has other rights.
  if (agent !== undefined) {
    yield* check("agent's rights", agentRights(session, { namespace, name: accountOf(agent) }, homes))
    yield* check("network", network(reader, namespace))
  }
  yield* check("programs", programs(yield* Programs))
  if (deliveries === undefined || bundles === undefined) {
    const remedy = "Ask as somebody who may, with --context: the ClusterRole sluice-view is enough."
    yield* check(
      "deliveries",
      Effect.succeed([
        unknown(
          "deliveries",
          untold ?? untoldBundles ?? "unanswered",
          "Deliveries and PolicyBundles cannot be listed",
          remedy
        )
      ])
    )
    return found
  }
  const all = [...deliveries, ...bundles]
  yield* check("git", sources(client, fetch, all, timeout), 10 * timeout)
  yield* check("webhooks", webhooks(client, reader, { all, namespace, address: hooks, isOutside }), 2 * timeout)
  yield* check("policies", Effect.succeed(judgeBundles(bundles)))
  yield* check("deliveries", Effect.succeed(judgeDeliveries(deliveries)))
  return found
})
