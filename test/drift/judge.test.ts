import { assert, describe, it } from "@effect/vitest"
import type { JsonObject } from "../../src/domain/Json.ts"
import { fingerprint } from "../../src/domain/ownership.ts"
import { type Expected, isDoubtful, judge } from "../../src/drift/judge.ts"
import type { LiveMetadata, ManagedFields } from "../../src/kube/KubeReader.ts"
import { seen } from "../../src/kube/Seen.ts"

const fields: JsonObject = {
  "f:metadata": { "f:labels": { "f:sluice.dev/delivery": {} } },
  "f:spec": {
    "f:replicas": {},
    "f:template": { "f:spec": { "f:containers": { "k:{\"name\":\"app\"}": { ".": {} } } } }
  }
}
const mine = (more: Partial<ManagedFields> = {}): ManagedFields => ({
  manager: "sluice",
  operation: "Apply",
  apiVersion: "apps/v1",
  time: "2026-11-25T10:00:00Z",
  fieldsV1: fields,
  ...more
})
const theirs = (manager: string, fieldsV1: JsonObject, more: Partial<ManagedFields> = {}): ManagedFields => ({
  manager,
  operation: "Update",
  apiVersion: "apps/v1",
  time: "2026-11-25T11:00:00Z",
  fieldsV1,
  ...more
})

const live = (
  resourceVersion: string,
  managedFields: ReadonlyArray<ManagedFields>,
  more: Partial<LiveMetadata> = {}
): LiveMetadata => ({
  ref: { group: "apps", kind: "Deployment", namespace: "shop", name: "web" },
  uid: "uid",
  resourceVersion,
  deleting: false,
  labels: { "sluice.dev/delivery": "shop.web" },
  annotations: {},
  managedFields,
  ...more
})

const expected: Expected = {
  entry: {
    ref: live("", []).ref,
    apiVersion: "apps/v1",
    digest: "digest",
    fingerprint: fingerprint([mine()]),
    uid: "uid"
  },
  label: "shop.web",
  resourceVersion: "100",
  writtenAt: 0,
  accepted: undefined
}

const verdict = (object: LiveMetadata | "absent", allowed: ReadonlyArray<string> = [], position = "150") =>
  judge(expected, object === "absent" ? object : seen(object), position, allowed)

describe("judge", () => {
  it("leaves alone what others do", () => {
    assert.isUndefined(verdict(live("100", [mine()])))
    assert.isUndefined(verdict(live("101", [
      mine(),
      theirs("kube-controller-manager", { "f:status": { "f:replicas": {} } }, { subresource: "status" }),
      theirs("kubectl", { "f:spec": { "f:replicas": {} } }, { subresource: "scale" }),
      theirs("some-controller", { "f:status": {}, "f:spec": { "f:replicas": {} } })
    ])))
    assert.isUndefined(verdict(live("101", [
      mine(),
      theirs("kubectl-label", { "f:metadata": { "f:labels": { "f:team": {} } } }),
      theirs("kubectl-annotate", { "f:metadata": { "f:annotations": { ".": {}, "f:note": {} } } }),
      theirs("kubectl-rollout", {
        "f:spec": {
          "f:template": {
            "f:metadata": { "f:annotations": { ".": {}, "f:kubectl.kubernetes.io/restartedAt": {} } }
          }
        }
      }),
      theirs("kubectl-client-side-apply", {
        "f:metadata": { "f:annotations": { "f:kubectl.kubernetes.io/last-applied-configuration": {} } }
      })
    ])))
  })

  it("sees that something was taken", () => {
    const lost = mine({ fieldsV1: { "f:metadata": fields["f:metadata"]! } })
    assert.strictEqual(verdict(live("101", [lost, theirs("helm", { "f:spec": { "f:replicas": {} } })])), "changed")
    assert.strictEqual(verdict(live("101", [mine({ time: "2026-11-25T10:00:01Z" })])), "changed")
    assert.strictEqual(verdict(live("101", [])), "changed")
    assert.strictEqual(verdict(live("101", [mine()], { uid: "other" })), "replaced")
    assert.strictEqual(verdict(live("101", [mine()], { deleting: true })), "leaving")
    assert.strictEqual(verdict("absent"), "gone")
  })

  it("sees that another delivery wrote it, in the second of our own write", () => {
    const theirs = live("101", [mine()], { labels: { "sluice.dev/delivery": "shop.other" } })
    assert.strictEqual(verdict(theirs), "taken")
    assert.strictEqual(verdict(live("101", [mine()], { labels: {} })), "taken")
    assert.isUndefined(verdict({ ...theirs, resourceVersion: "99" }), "that was before our own write")
    assert.isUndefined(judge({ ...expected, label: "shop.other" }, seen(theirs), "150", []))
  })

  it("sees what people add inside, unless they may", () => {
    const sidecar = theirs("kubectl-edit", {
      "f:spec": {
        "f:template": { "f:spec": { "f:containers": { "k:{\"name\":\"side\"}": { ".": {}, "f:name": {} } } } }
      }
    })
    assert.strictEqual(verdict(live("100", [mine(), sidecar])), "additions")
    assert.isUndefined(verdict(live("101", [mine(), sidecar]), ["kubectl-edit"]))
    assert.strictEqual(verdict(live("101", [mine(), { ...sidecar, manager: "before-first-apply" }])), "additions")
    const accepted = seen(live("101", [mine(), sidecar])).intrusion
    assert.isUndefined(judge({ ...expected, accepted }, seen(live("102", [mine(), sidecar])), "150", []))
    assert.isUndefined(verdict(live("101", [mine(), { ...sidecar, apiVersion: "apps/v1beta1" }])))
  })

  it("has policies asked of what controllers and other tools add, unless they may", () => {
    const paused = theirs("k9s", { "f:spec": { "f:paused": {} } })
    assert.strictEqual(verdict(live("101", [mine(), paused])), "unjudged")
    assert.isUndefined(verdict(live("101", [mine(), paused]), ["k9s"]))
    assert.strictEqual(
      verdict(live("101", [mine(), theirs("istio", { "f:metadata": { "f:labels": { "f:mesh": {} } } })])),
      "unjudged"
    )
    assert.strictEqual(verdict(live("101", [mine({ time: "later" }), paused])), "changed", "what is taken comes first")
  })

  it("knows its own writes, before and after their events", () => {
    assert.isUndefined(verdict(live("99", [mine({ time: "earlier" })])))
    assert.isUndefined(verdict(live("9", [])))
    assert.isUndefined(verdict("absent", [], "99"))
    const ahead: Expected = {
      entry: { ref: live("", []).ref, apiVersion: "apps/v1" },
      label: "shop.web",
      resourceVersion: undefined,
      writtenAt: undefined,
      accepted: undefined
    }
    assert.isUndefined(judge(ahead, "absent", "150", []))
  })

  it("doubts a write that left no trace in the second of its own, and no other", () => {
    const doubt = (now: LiveMetadata, before: LiveMetadata, at = 500) =>
      isDoubtful(expected, seen(now), seen(before), at)
    const ours = live("100", [mine()])
    assert.isTrue(doubt(live("101", [mine()]), ours))
    assert.isFalse(doubt(live("101", [mine()]), ours, 60_000))
    assert.isFalse(doubt(ours, ours))
    const status = (time: string) =>
      theirs("kube-controller-manager", { "f:status": {} }, { subresource: "status", time })
    assert.isFalse(doubt(live("101", [mine(), status("2026-11-25T10:00:00Z")]), ours))
    assert.isTrue(doubt(
      live("102", [mine(), status("2026-11-25T10:00:00Z")]),
      live("101", [mine(), status("2026-11-25T10:00:00Z")])
    ))
    assert.isFalse(doubt(
      live("102", [mine(), status("2026-11-25T10:00:01Z")]),
      live("101", [mine(), status("2026-11-25T10:00:01Z")])
    ))
    // A kind with a generation tells status from the rest by itself.
    assert.isFalse(doubt(live("101", [mine()], { generation: 1 }), live("100", [mine()], { generation: 1 })))
    assert.isTrue(doubt(live("101", [mine()], { generation: 2 }), live("100", [mine()], { generation: 1 })))
  })
})
