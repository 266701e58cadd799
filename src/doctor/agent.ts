import * as Effect from "effect/Effect"
import { at, type JsonObject } from "../domain/Json.ts"
import { ofObject } from "../domain/ObjectRef.ts"
import { agentRef } from "../install/foreign.ts"
import type { AgentLease } from "../install/stop.ts"
import * as kstatus from "../kube/kstatus.ts"
import type { KubeReader } from "../kube/KubeReader.ts"
import { agentClock } from "./clock.ts"
import { failed, type Finding, ok, warning } from "./Finding.ts"

const text = (object: JsonObject, ...path: ReadonlyArray<string | number>): string => {
  const value = at(object, ...path)
  return typeof value === "string" ? value : ""
}

/** The version that an agent's manifest says. */
const versionOf = (object: JsonObject): string => text(object, "metadata", "labels", "app.kubernetes.io/version")

/** Whether the agent runs, and is this version. `obstacles`: what keeps its pods from running. */
export const judgeAgent = (
  agent: JsonObject,
  obstacles: ReadonlyArray<string>,
  namespace: string,
  version: string
): ReadonlyArray<Finding> => {
  const { message, status } = kstatus.health(ofObject(agent), agent)
  const [ready, replicas] = [at(agent, "status", "readyReplicas") ?? 0, at(agent, "spec", "replicas") ?? 1]
  const running = status === "Current"
    ? ok("agent", `runs: ${String(ready)} of ${String(replicas)} replicas are ready`)
    : failed(
      "agent",
      [`is not ready: ${message}`, ...obstacles.slice(0, 3)].join("; "),
      obstacles.some((why) => /ErrImage|ImagePull|InvalidImageName/u.test(why))
        ? "The image cannot be had: name one that can with sluice install --image."
        : `kubectl describe pod -n ${namespace} -l app.kubernetes.io/name=sluice, and kubectl logs, say why.`
    )
  const theirs = versionOf(agent)
  return theirs === "" || theirs === version
    ? [running]
    : [
      running,
      warning(
        "agent",
        `is of version ${theirs}, and this command of ${version}`,
        "sluice install brings it to this version."
      )
    ]
}

const grace = 2_000

/** Whether agents renew their Leases. `now`: the API server's time. */
export const judgeLeases = (
  leases: ReadonlyArray<AgentLease>,
  now: number,
  isThere: boolean
): ReadonlyArray<Finding> => {
  const held = leases.filter(({ holder }) => holder !== "")
  if (held.length === 0) {
    return isThere
      ? [
        warning(
          "agent",
          "no replica holds a Lease",
          "A replica that is not ready yet has none. kubectl logs says why it does not get one; its rights are checked below."
        )
      ]
      : []
  }
  const late = held.filter(({ duration, renewed }) => renewed + duration + grace < now)
  const skewed = held.flatMap(({ name, renewed }) => agentClock(name, renewed, now) ?? [])
  const told = late.map(({ name, renewed }) =>
    warning(
      "agent",
      `${name} has not renewed its Lease for ${Math.round((now - renewed) / 1_000)} s`,
      "Its replica ended without giving it up, or hangs; the others have taken its Deliveries over."
    )
  )
  if (late.length === held.length) {
    return [
      failed(
        "agent",
        "no replica renews its Lease: nobody works",
        "kubectl logs of the agent says what keeps it from the API server."
      ),
      ...skewed
    ]
  }
  return [ok("agent", `${held.length - late.length} replicas renew their Leases`), ...told, ...skewed]
}

/** The account that the agent's pods have. */
export const accountOf = (agent: JsonObject | undefined): string => {
  const name = agent === undefined ? "" : text(agent, "spec", "template", "spec", "serviceAccountName")
  return name === "" ? "sluice" : name
}

/** The agent's StatefulSet, if it is there. */
export const agentIn = (reader: KubeReader["Service"], namespace: string) => reader.get("apps/v1", agentRef(namespace))

/** Who may reach the agent, and what its pods may do. */
export const network = Effect.fnUntraced(function*(reader: KubeReader["Service"], namespace: string) {
  const place = { group: "", kind: "Namespace", namespace: "", name: namespace }
  const home = yield* reader.get("v1", place)
  const policies = yield* reader.list("networking.k8s.io/v1", "NetworkPolicy", namespace)
  const level = home === undefined ? "" : text(home, "metadata", "labels", "pod-security.kubernetes.io/enforce")
  return [
    policies.length > 0
      ? ok("network", `${policies.length} NetworkPolicies say who may reach the agent`)
      : warning(
        "network",
        `namespace ${namespace} has no NetworkPolicy: every pod of the cluster reaches the agent`,
        "sluice install applies two. Your cluster's network has to obey them."
      ),
    level === "restricted"
      ? ok("network", `Pod Security restricted is enforced in namespace ${namespace}`)
      : warning(
        "network",
        `Pod Security restricted is not enforced in namespace ${namespace}`,
        `kubectl label namespace ${namespace} pod-security.kubernetes.io/enforce=restricted`
      )
  ]
})
