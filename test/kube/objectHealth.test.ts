import { assert, describe, it } from "@effect/vitest"
import { health } from "../../src/kube/kstatus.ts"
import { condition, kinds, object, refOf, type Row } from "./healthRows.ts"

const rows: ReadonlyArray<Row> = [
  ["/PersistentVolumeClaim", "pending", object({ phase: "Pending" }), "InProgress", "is Pending, not Bound"],
  ["/PersistentVolumeClaim", "bound", object({ phase: "Bound" }), "Current", "is bound"],
  ["/PersistentVolumeClaim", "lost", object({ phase: "Lost" }), "Failed", "lost its volume"],
  ["/Service", "plain", object({}), "Current", "is ready"],
  [
    "/Service",
    "a load balancer without an address",
    object({}, { type: "LoadBalancer" }),
    "InProgress",
    "has no cluster IP yet"
  ],
  ["/Service", "a load balancer", object({}, { type: "LoadBalancer", clusterIP: "10.96.0.1" }), "Current", "is ready"],
  ["/Namespace", "active", object({ phase: "Active" }), "Current", "is active"],
  ["/ConfigMap", "there", {}, "Current", "is always ready"],
  ["policy/PodDisruptionBudget", "new", object({}), "InProgress", "is not observed yet"],
  ["policy/PodDisruptionBudget", "computed", object({ observedGeneration: 1 }), "Current", "is computed"],
  ["apiextensions.k8s.io/CustomResourceDefinition", "new", object({}), "InProgress", "is not established yet"],
  [
    "apiextensions.k8s.io/CustomResourceDefinition",
    "installing",
    object({ conditions: [condition("Established", "False", "Installing")] }),
    "InProgress",
    "is not established yet"
  ],
  [
    "apiextensions.k8s.io/CustomResourceDefinition",
    "established",
    object({ conditions: [condition("NamesAccepted", "True"), condition("Established", "True")] }),
    "Current",
    "is established"
  ],
  [
    "apiextensions.k8s.io/CustomResourceDefinition",
    "with a name that is taken",
    object({ conditions: [condition("NamesAccepted", "False", "Conflict", "taken")] }),
    "Failed",
    "its names are not accepted: taken"
  ],
  [
    "apiregistration.k8s.io/APIService",
    "away",
    object({ conditions: [condition("Available", "False", "", "no endpoints")] }),
    "InProgress",
    "is not available: no endpoints"
  ],
  ["networking.k8s.io/Ingress", "there", object({ loadBalancer: {} }), "Current", "is always ready"],
  [
    "sluice.dev/Notifier",
    "one that cannot be used: telling fails no run",
    object({ conditions: [condition("Ready", "False", "InvalidSpec", "There is no Secret")] }),
    "Current",
    "is applied"
  ],
  [
    "sluice.dev/Delivery",
    "suspended: that is somebody's wish",
    object({ conditions: [condition("Ready", "Unknown", "Suspended", "Suspended by dana")] }),
    "Current",
    "is suspended"
  ],
  [
    "sluice.dev/Delivery",
    "one that does not know yet that it goes on",
    object(
      { observedGeneration: 1, conditions: [condition("Ready", "Unknown", "Suspended", "Suspended")] },
      {},
      { generation: 2 }
    ),
    "InProgress",
    "generation 2 is not observed yet (1 is)"
  ],
  [
    "sluice.dev/Delivery",
    "in a run",
    object({ conditions: [condition("Ready", "Unknown", "InProgress", "main@sha1:1: applying")] }),
    "InProgress",
    "main@sha1:1: applying"
  ],
  ["example.dev/Widget", "without a status", {}, "Current", "is applied"],
  ["example.dev/Widget", "ready", object({ conditions: [condition("Ready", "True")] }), "Current", "is ready"],
  [
    "example.dev/Widget",
    "not ready",
    object({ conditions: [condition("Ready", "False", "Waiting", "for a shop")] }),
    "InProgress",
    "for a shop"
  ],
  [
    "example.dev/Widget",
    "reconciling",
    object({ conditions: [condition("Ready", "True"), condition("Reconciling", "True", "Progressing")] }),
    "InProgress",
    "Progressing"
  ],
  [
    "example.dev/Widget",
    "stalled",
    object({ conditions: [condition("Stalled", "True", "Broken", "cannot")] }),
    "Failed",
    "cannot"
  ]
]

describe("kstatus", () => {
  it.each(rows)("%s %s", (kind, _, live, status, message) => {
    assert.deepStrictEqual(health(refOf(kind), live), { ref: refOf(kind), status, message })
  })

  it("tells what is not there, and a Job that went after its time to live", () => {
    assert.strictEqual(health(refOf("/Pod"), undefined).status, "NotFound")
    assert.strictEqual(health(refOf("batch/Job"), undefined).status, "NotFound")
    assert.strictEqual(
      health(refOf("batch/Job"), undefined, object({}, { ttlSecondsAfterFinished: 0 })).status,
      "Current"
    )
  })

  it("reads hostile shapes as nothing", () => {
    for (const status of [null, 7, "x", [], [null]]) {
      for (const kind of kinds) {
        health(refOf(kind), { metadata: status, spec: status, status })
        health(refOf(kind), { status: { conditions: status, containerStatuses: status } })
      }
    }
  })
})
