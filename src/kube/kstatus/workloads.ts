import { at, type Json, type JsonObject } from "../../domain/Json.ts"
import { conditionsOf, current, failed, inProgress, isTrue, list, number, text, type Verdict } from "./words.ts"

const count = (object: JsonObject, ...path: ReadonlyArray<string>): number => number(object, 0, ...path)

/** The first shortage, told as `2 of 3 replicas are ready`. */
const shortage = (wanted: number, ...counts: ReadonlyArray<readonly [number, string]>): Verdict | undefined => {
  const short = counts.find(([have]) => have < wanted)
  return short === undefined ? undefined : inProgress(`${short[0]} of ${wanted} ${short[1]}`)
}

const surplus = (object: JsonObject, wanted: number): Verdict | undefined => {
  const extra = count(object, "status", "replicas") - wanted
  return extra > 0 ? inProgress(`${extra} old replicas are to go`) : undefined
}

/** These controllers always say which generation they have seen. */
const unseen = (object: JsonObject): Verdict | undefined =>
  at(object, "status", "observedGeneration") === undefined
    ? inProgress("is not observed by its controller yet")
    : undefined

const deployment = (object: JsonObject): Verdict => {
  const wanted = number(object, 1, "spec", "replicas")
  const progressing = conditionsOf(object).find(({ type }) => type === "Progressing")
  if (progressing?.reason === "ProgressDeadlineExceeded") {
    return failed(`made no progress in time: ${progressing.message}`)
  }
  const isPaused = at(object, "spec", "paused") === true
  const short = unseen(object) ?? shortage(
    wanted,
    [count(object, "status", "replicas"), "replicas exist"],
    ...isPaused ? [] : [[count(object, "status", "updatedReplicas"), "replicas are updated"] as const]
  ) ?? surplus(object, wanted) ?? shortage(
    wanted,
    [count(object, "status", "availableReplicas"), "replicas are available"],
    [count(object, "status", "readyReplicas"), "replicas are ready"]
  )
  if (short !== undefined) {
    const refused = isTrue(object, "ReplicaFailure")
    return refused === undefined ? short : inProgress(`${short.message}: ${refused.message}`)
  }
  const hasDeadline = number(object, undefined, "spec", "progressDeadlineSeconds") !== undefined
  if (hasDeadline && !isPaused && progressing?.reason !== "NewReplicaSetAvailable") {
    return inProgress("its new replica set is not available yet")
  }
  if (isTrue(object, "Available") === undefined) return inProgress("is not available yet")
  return current(isPaused ? "is available and paused" : `${wanted} of ${wanted} replicas are available`)
}

const replicaSet = (object: JsonObject): Verdict => {
  const wanted = number(object, 1, "spec", "replicas")
  const refused = isTrue(object, "ReplicaFailure")
  if (refused !== undefined) return inProgress(`cannot make replicas: ${refused.message}`)
  return unseen(object) ?? shortage(
    wanted,
    [count(object, "status", "fullyLabeledReplicas"), "replicas are labelled"],
    [count(object, "status", "availableReplicas"), "replicas are available"],
    [count(object, "status", "readyReplicas"), "replicas are ready"]
  ) ?? surplus(object, wanted) ?? current(`${wanted} of ${wanted} replicas are available`)
}

const statefulSet = (object: JsonObject): Verdict => {
  if (text(object, "spec", "updateStrategy", "type") === "OnDelete") return current("is updated by hand (OnDelete)")
  const wanted = number(object, 1, "spec", "replicas")
  const updated = count(object, "status", "updatedReplicas")
  const short = unseen(object) ?? shortage(
    wanted,
    [count(object, "status", "replicas"), "replicas exist"],
    [count(object, "status", "readyReplicas"), "replicas are ready"]
  ) ?? surplus(object, wanted)
  if (short !== undefined) return short
  const partition = count(object, "spec", "updateStrategy", "rollingUpdate", "partition")
  if (partition > 0) {
    return shortage(Math.max(0, wanted - partition), [updated, "replicas beyond the partition are updated"]) ??
      current(`the partitioned roll-out is complete: ${updated} updated`)
  }
  const revisions = [text(object, "status", "currentRevision"), text(object, "status", "updateRevision")]
  return shortage(wanted, [count(object, "status", "currentReplicas"), "replicas are current"]) ??
    (revisions[0] === revisions[1]
      ? current(`${wanted} of ${wanted} replicas are ready`)
      : inProgress("its update is under way"))
}

const daemonSet = (object: JsonObject): Verdict => {
  if (text(object, "spec", "updateStrategy", "type") === "OnDelete") return current("is updated by hand (OnDelete)")
  const wanted = count(object, "status", "desiredNumberScheduled")
  return unseen(object) ?? shortage(
    wanted,
    [count(object, "status", "currentNumberScheduled"), "nodes have a pod"],
    [count(object, "status", "updatedNumberScheduled"), "pods are updated"],
    [count(object, "status", "numberAvailable"), "pods are available"],
    [count(object, "status", "numberReady"), "pods are ready"]
  ) ?? current(`${wanted} of ${wanted} pods are ready`)
}

const job = (object: JsonObject): Verdict => {
  const parallelism = number(object, 1, "spec", "parallelism")
  const progress = `${count(object, "status", "succeeded")} of ${
    number(object, parallelism, "spec", "completions")
  } done`
  const ended = isTrue(object, "Failed") ?? isTrue(object, "FailureTarget")
  if (ended !== undefined) return failed(`failed: ${ended.message || ended.reason}`)
  if (isTrue(object, "Complete") !== undefined) return current(`is complete: ${progress}`)
  if (isTrue(object, "Suspended") !== undefined || at(object, "spec", "suspend") === true) {
    return current("is suspended")
  }
  return inProgress(text(object, "status", "startTime") === "" ? "is not started yet" : `is running: ${progress}`)
}

/** Why containers wait: `app: CrashLoopBackOff (back-off 5m0s …)`. */
const waiting = (pod: Json): string =>
  [...list(pod, "status", "initContainerStatuses"), ...list(pod, "status", "containerStatuses")]
    .filter((status) => text(status, "state", "waiting", "reason") !== "")
    .map((status) => {
      const message = text(status, "state", "waiting", "message")
      const reason = `${text(status, "name")}: ${text(status, "state", "waiting", "reason")}`
      return message === "" ? reason : `${reason} (${message})`
    })
    .join("; ")

const pod = (object: JsonObject): Verdict => {
  const phase = text(object, "status", "phase")
  if (phase === "Succeeded") return current("has completed")
  if (phase === "Failed") {
    return failed(`failed: ${text(object, "status", "message") || text(object, "status", "reason") || waiting(object)}`)
  }
  if (phase === "Running" && isTrue(object, "Ready") !== undefined) return current("is ready")
  const scheduled = conditionsOf(object).find(({ status, type }) => type === "PodScheduled" && status === "False")
  const why = scheduled?.message || waiting(object)
  const what = phase === ""
    ? "is not observed yet"
    : phase === "Running"
    ? "is running, not ready"
    : `is ${phase.toLowerCase()}`
  return inProgress(why === "" ? what : `${what}: ${why}`)
}

/** The kinds that run something. */
export const workloads = {
  "apps/Deployment": deployment,
  "apps/ReplicaSet": replicaSet,
  "/ReplicationController": replicaSet,
  "apps/StatefulSet": statefulSet,
  "apps/DaemonSet": daemonSet,
  "batch/Job": job,
  "batch/CronJob": () => current("is scheduled"),
  "/Pod": pod
} satisfies Readonly<Record<string, (object: JsonObject) => Verdict>>
