import type { JsonObject } from "../../src/domain/Json.ts"

export const hash = "9f3c21ab9f3c21ab9f3c21ab9f3c21ab9f3c21ab"
export const revision = `main@sha1:${hash}`
export const newer = `main@sha1:${"77aa00bb".repeat(5)}`
/** What the times of these fixtures are told from. */
export const now = Date.parse("2026-11-25T12:00:00Z")

const condition = (type: string, status: string, reason: string, message: string): JsonObject => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: "2026-11-25T11:57:00Z"
})

export const delivery = (
  name: string,
  parts: { readonly spec?: JsonObject; readonly status?: JsonObject; readonly metadata?: JsonObject } = {}
): JsonObject => ({
  apiVersion: "sluice.dev/v1alpha1",
  kind: "Delivery",
  metadata: {
    namespace: "shop",
    name,
    creationTimestamp: "2026-11-24T12:00:00Z",
    generation: 1,
    ...parts.metadata
  },
  spec: {
    source: { git: { url: "https://git.example.com/acme/shop.git", branch: "main" } },
    path: "environments/prod",
    ...parts.spec
  },
  ...parts.status === undefined ? {} : { status: parts.status }
})

const run = (parts: JsonObject): JsonObject => ({
  id: "01JDGT0000000000000000000A",
  revision,
  outcome: "Applied",
  why: "webhook",
  author: "Dana",
  subject: "Pin the image",
  startedAt: "2026-11-25T11:57:00Z",
  durationMs: 1_240,
  changes: { created: 2, configured: 0, replaced: 0, pruned: 1, unchanged: 4 },
  ...parts
})

const nothing: JsonObject = { created: 0, configured: 0, replaced: 0, pruned: 0, unchanged: 0 }

const source: JsonObject = {
  revision,
  url: "https://git.example.com/acme/shop.git",
  author: "Dana",
  subject: "Pin the image",
  time: "2026-11-25T11:56:00Z"
}

export const readyStatus: JsonObject = {
  observedGeneration: 1,
  conditions: [
    condition("Ready", "True", "Succeeded", `Applied revision: ${revision}`),
    condition("Healthy", "True", "Succeeded", "All objects are healthy")
  ],
  source,
  lastAttemptedRevision: revision,
  lastAppliedRevision: revision,
  policy: { passed: 12, warned: 0, denied: 0, waived: 0 },
  drift: {
    count: 2,
    last: {
      object: "Deployment/shop/checkout",
      manager: "kubectl-edit",
      fields: ["spec.replicas"],
      time: "2026-11-25T11:50:00Z",
      action: "healed"
    }
  },
  inventory: { entries: [{ id: "shop_settings__ConfigMap", v: "v1" }, { id: "shop_gone__ConfigMap", v: "v1" }] },
  history: [
    run({
      outcome: "Unchanged",
      why: "interval",
      message: `nothing that this delivery reads has changed since ${revision}`,
      changes: nothing
    }),
    run({})
  ]
}

export const deniedStatus: JsonObject = {
  observedGeneration: 1,
  conditions: [
    condition("Ready", "False", "PolicyDenied", "1 policy violation: image-digest-required at a.yaml:3: no")
  ],
  source: { ...source, revision: newer, subject: "Take latest" },
  lastAttemptedRevision: newer,
  lastAppliedRevision: revision,
  policy: {
    passed: 11,
    warned: 0,
    denied: 1,
    waived: 0,
    violations: [{
      policy: "image-digest-required",
      package: "policies.images",
      rule: "deny",
      severity: "deny",
      message: "app uses shop:latest",
      remedy: "write the image as shop@sha256:…",
      object: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "checkout" },
      source: { file: "environments/prod/checkout.yaml", line: 23 },
      ruleSource: { file: "policies/images.rego", line: 3 },
      bundle: { name: "repository", digest: "sha256:1" }
    }]
  },
  history: [
    run({ outcome: "Denied", revision: newer, message: "1 policy violation", reason: "PolicyDenied" })
  ]
}

/** What a repository, or whoever may write a status, would like to do to a terminal. */
export const hostile = "\u001b[2J\u001b]0;owned\u0007evil\u202e\r\nREADY True"
