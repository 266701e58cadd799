import { assert, describe, it } from "@effect/vitest"
import { health } from "../../src/kube/kstatus.ts"
import { condition, object, refOf, type Row } from "./healthRows.ts"

const deployed = { observedGeneration: 1, replicas: 3, updatedReplicas: 3, readyReplicas: 3, availableReplicas: 3 }
const available = condition("Available", "True")
const progressed = condition("Progressing", "True", "NewReplicaSetAvailable")
const rolled = { ...deployed, conditions: [available, progressed] }
const three = { replicas: 3, progressDeadlineSeconds: 600 }
const set = { observedGeneration: 1, replicas: 3, readyReplicas: 3, updatedReplicas: 3, currentReplicas: 3 }
const nodes = {
  observedGeneration: 1,
  desiredNumberScheduled: 2,
  currentNumberScheduled: 2,
  updatedNumberScheduled: 2,
  numberAvailable: 2,
  numberReady: 2
}

const rows: ReadonlyArray<Row> = [
  [
    "apps/Deployment",
    "not seen by its controller",
    object({}, three),
    "InProgress",
    "is not observed by its controller yet"
  ],
  [
    "apps/Deployment",
    "an older generation",
    object({ ...rolled, observedGeneration: 1 }, three, { generation: 2 }),
    "InProgress",
    "generation 2 is not observed yet (1 is)"
  ],
  [
    "apps/Deployment",
    "being deleted",
    object(rolled, three, { deletionTimestamp: "2026-01-01T00:00:00Z" }),
    "Terminating",
    "is being deleted"
  ],
  ["apps/Deployment", "rolled out", object(rolled, three), "Current", "3 of 3 replicas are available"],
  [
    "apps/Deployment",
    "without replicas by default",
    object({ ...rolled, replicas: 0 }),
    "InProgress",
    "0 of 1 replicas exist"
  ],
  [
    "apps/Deployment",
    "half updated",
    object({ ...rolled, updatedReplicas: 1 }, three),
    "InProgress",
    "1 of 3 replicas are updated"
  ],
  [
    "apps/Deployment",
    "with old replicas",
    object({ ...rolled, replicas: 4 }, three),
    "InProgress",
    "1 old replicas are to go"
  ],
  [
    "apps/Deployment",
    "not available",
    object({ ...rolled, availableReplicas: 2 }, three),
    "InProgress",
    "2 of 3 replicas are available"
  ],
  [
    "apps/Deployment",
    "refused by a quota",
    object({
      ...rolled,
      replicas: 0,
      conditions: [condition("ReplicaFailure", "True", "FailedCreate", "exceeded quota")]
    }, three),
    "InProgress",
    "0 of 3 replicas exist: exceeded quota"
  ],
  [
    "apps/Deployment",
    "past its deadline",
    object(
      { ...deployed, conditions: [condition("Progressing", "False", "ProgressDeadlineExceeded", "timed out")] },
      three
    ),
    "Failed",
    "made no progress in time: timed out"
  ],
  [
    "apps/Deployment",
    "with its new set on the way",
    object({ ...deployed, conditions: [available, condition("Progressing", "True", "ReplicaSetUpdated")] }, three),
    "InProgress",
    "its new replica set is not available yet"
  ],
  [
    "apps/Deployment",
    "without a deadline",
    object({ ...deployed, conditions: [available] }, { replicas: 3 }),
    "Current",
    "3 of 3 replicas are available"
  ],
  [
    "apps/Deployment",
    "not Available",
    object({ ...deployed, conditions: [progressed] }, three),
    "InProgress",
    "is not available yet"
  ],
  [
    "apps/Deployment",
    "paused",
    object({ ...deployed, updatedReplicas: 0, conditions: [available] }, { ...three, paused: true }),
    "Current",
    "is available and paused"
  ],
  [
    "apps/Deployment",
    "scaled to nothing",
    object({ observedGeneration: 1, conditions: [available, progressed] }, { replicas: 0 }),
    "Current",
    "0 of 0 replicas are available"
  ],
  [
    "apps/ReplicaSet",
    "complete",
    object({ ...deployed, fullyLabeledReplicas: 3 }, three),
    "Current",
    "3 of 3 replicas are available"
  ],
  [
    "apps/ReplicaSet",
    "refused",
    object({ conditions: [condition("ReplicaFailure", "True", "", "no")] }, three),
    "InProgress",
    "cannot make replicas: no"
  ],
  [
    "apps/StatefulSet",
    "complete",
    object({ ...set, currentRevision: "a", updateRevision: "a" }, { replicas: 3 }),
    "Current",
    "3 of 3 replicas are ready"
  ],
  [
    "apps/StatefulSet",
    "updating",
    object({ ...set, currentRevision: "a", updateRevision: "b" }, { replicas: 3 }),
    "InProgress",
    "its update is under way"
  ],
  [
    "apps/StatefulSet",
    "not ready",
    object({ ...set, readyReplicas: 1 }, { replicas: 3 }),
    "InProgress",
    "1 of 3 replicas are ready"
  ],
  [
    "apps/StatefulSet",
    "with OnDelete",
    object({}, { updateStrategy: { type: "OnDelete" } }),
    "Current",
    "is updated by hand (OnDelete)"
  ],
  [
    "apps/StatefulSet",
    "with a partition, under way",
    object({ ...set, updatedReplicas: 0 }, { replicas: 3, updateStrategy: { rollingUpdate: { partition: 2 } } }),
    "InProgress",
    "0 of 1 replicas beyond the partition are updated"
  ],
  [
    "apps/StatefulSet",
    "with a partition, done",
    object({ ...set, updatedReplicas: 1 }, { replicas: 3, updateStrategy: { rollingUpdate: { partition: 2 } } }),
    "Current",
    "the partitioned roll-out is complete: 1 updated"
  ],
  ["apps/DaemonSet", "complete", object(nodes), "Current", "2 of 2 pods are ready"],
  [
    "apps/DaemonSet",
    "updating",
    object({ ...nodes, updatedNumberScheduled: 1 }),
    "InProgress",
    "1 of 2 pods are updated"
  ],
  [
    "apps/DaemonSet",
    "with OnDelete",
    object({}, { updateStrategy: { type: "OnDelete" } }),
    "Current",
    "is updated by hand (OnDelete)"
  ],
  ["batch/Job", "new", object({}), "InProgress", "is not started yet"],
  [
    "batch/Job",
    "running",
    object({ startTime: "t", succeeded: 1 }, { completions: 3 }),
    "InProgress",
    "is running: 1 of 3 done"
  ],
  [
    "batch/Job",
    "complete",
    object({ succeeded: 1, conditions: [condition("Complete", "True")] }),
    "Current",
    "is complete: 1 of 1 done"
  ],
  [
    "batch/Job",
    "failed",
    object({ conditions: [condition("Failed", "True", "BackoffLimitExceeded", "has reached the limit")] }),
    "Failed",
    "failed: has reached the limit"
  ],
  ["batch/Job", "suspended", object({}, { suspend: true }), "Current", "is suspended"],
  ["batch/CronJob", "there", object({}), "Current", "is scheduled"],
  ["/Pod", "new", object({}), "InProgress", "is not observed yet"],
  ["/Pod", "ready", object({ phase: "Running", conditions: [condition("Ready", "True")] }), "Current", "is ready"],
  ["/Pod", "done", object({ phase: "Succeeded" }), "Current", "has completed"],
  ["/Pod", "failed", object({ phase: "Failed", reason: "Evicted" }), "Failed", "failed: Evicted"],
  [
    "/Pod",
    "without a node",
    object({
      phase: "Pending",
      conditions: [condition("PodScheduled", "False", "Unschedulable", "0/3 nodes are available")]
    }),
    "InProgress",
    "is pending: 0/3 nodes are available"
  ],
  [
    "/Pod",
    "in a crash loop",
    object({
      phase: "Running",
      containerStatuses: [{ name: "app", state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 10s" } } }]
    }),
    "InProgress",
    "is running, not ready: app: CrashLoopBackOff (back-off 10s)"
  ]
]

describe("kstatus", () => {
  it.each(rows)("%s %s", (kind, _, live, status, message) => {
    assert.deepStrictEqual(health(refOf(kind), live), { ref: refOf(kind), status, message })
  })
})
