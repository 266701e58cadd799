import type { Violation } from "../../src/domain/Decision.ts"
import { Outcome, type Run } from "../../src/domain/Outcome.ts"
import type { Revision } from "../../src/domain/Revision.ts"
import {
  ApplyFailed,
  FetchFailed,
  HealthTimeout,
  PolicyUnavailable,
  PruneBlocked,
  RenderFailed
} from "../../src/domain/StageError.ts"
import { type Message, ofOutcome } from "../../src/notify/Message.ts"
import type { State } from "../../src/notify/transition.ts"

export const revision = (letter: string): Revision => ({ name: "main", algorithm: "sha1", hash: letter.repeat(40) })

export const hash = "9f31c2ab5d0e4f7a8b6c1d2e3f405162738495a6"

export const run: Run = {
  id: "01JDK3Q4S5T6V7W8X9Y0Z1A2B3",
  delivery: "shop/shop-prod",
  why: "webhook",
  revision: { name: "main", algorithm: "sha1", hash },
  commit: {
    hash,
    author: { name: "Dana Ito", email: "dana.ito@example.com" },
    committer: { name: "Dana Ito", email: "dana.ito@example.com" },
    subject: "raise checkout replicas to 6",
    message: "raise checkout replicas to 6\n",
    time: 1_795_391_000,
    isSigned: false
  },
  url: "https://gitlab.example.com/acme/shop-deploy.git",
  previous: { name: "main", algorithm: "sha1", hash: "41d0aa17c0ffee0041d0aa17c0ffee0041d0aa17" },
  startedAt: 1_795_391_982_000,
  durationMs: 18_000
}

export const violations: ReadonlyArray<Violation> = [
  {
    policy: "image-digest-required",
    package: "policies.images",
    rule: "deny",
    severity: "deny",
    message: "Image `registry.example.com/shop/checkout:latest` is not pinned by digest.",
    remedy: "use image: registry.example.com/shop/checkout@sha256:…",
    object: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "checkout" },
    source: { file: "environments/prod/checkout.yaml", line: 23, column: 16 },
    bundle: { name: "repository", digest: "sha256:aa" }
  },
  {
    policy: "no-host-network",
    package: "policies.pods",
    rule: "deny",
    severity: "deny",
    message: "spec.template.spec.hostNetwork must not be true.",
    object: { apiVersion: "apps/v1", kind: "DaemonSet", namespace: "shop", name: "agent" },
    source: { file: "environments/prod/agent.yaml", line: 17 },
    bundle: { name: "platform-baseline", digest: "sha256:bb" }
  }
]

const changes = { created: 1, configured: 2, replaced: 0, pruned: 0, unchanged: 7 }

export const applied = Outcome.Applied({
  changes,
  objects: ["Deployment/shop/checkout", "HorizontalPodAutoscaler/shop/checkout", "ConfigMap/shop/flags"],
  violations: [],
  summary: { objects: 10, passed: 14, warned: 1, denied: 0, waived: 0 }
})
export const unchanged = Outcome.Unchanged({ violations: [], summary: undefined })
export const denied = Outcome.Denied({
  violations,
  summary: { objects: 10, passed: 12, warned: 1, denied: 2, waived: 0 }
})
export const fetchFailed = Outcome.Failed({
  error: new FetchFailed({ detail: "gitlab.example.com: connection refused" }),
  changes: undefined
})
export const renderFailed = Outcome.Failed({
  error: new RenderFailed({
    detail: "mapping values are not allowed here\n  in \"checkout.yaml\", line 4, column 9",
    origin: { file: "environments/prod/checkout.yaml", line: 4, column: 9 }
  }),
  changes: undefined
})
export const applyFailed = Outcome.Failed({
  error: new ApplyFailed({
    detail: "spec.template: field is immutable (HTTP 422)",
    object: { group: "batch", kind: "Job", namespace: "shop", name: "migrate" },
    hint: "Rename the Job with each release, or annotate it with sluice.dev/apply: Recreate."
  }),
  changes: { created: 0, configured: 2, replaced: 0, pruned: 0, unchanged: 7 }
})
export const healthTimeout = Outcome.Failed({
  error: new HealthTimeout({
    detail: "1 of 3 replicas are ready after 5m",
    object: { group: "apps", kind: "Deployment", namespace: "shop", name: "checkout" }
  }),
  changes: undefined
})
export const pruneBlocked = Outcome.Failed({
  error: new PruneBlocked({ detail: "would delete Namespace/shop; confirm with sha256:1234" }),
  changes: undefined
})

/** No run could start. */
export const held = Outcome.Failed({
  error: new PolicyUnavailable({
    detail: "PolicyBundle baseline selects this Delivery and cannot judge: rules/values.rego:3: rego_parse_error",
    hint: "Mend the policy; `sluice check` says the same without a cluster."
  }),
  changes: undefined
})
export const heldRun: Run = {
  ...run,
  why: "refused",
  revision: undefined,
  commit: undefined,
  durationMs: 0,
  isHeld: true
}

export const messageOf = (state: State, outcome: Outcome, details: Run = run): Message =>
  ofOutcome({ state, outcome, run: details, waits: true, cluster: "prod-eu", redact: (text) => text })
