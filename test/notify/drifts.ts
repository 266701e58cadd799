import type { DriftFinding } from "../../src/domain/DriftReport.ts"
import { nothing, type Saying, take } from "../../src/notify/driftDigest.ts"
import { type DriftMessage, ofSaying } from "../../src/notify/DriftMessage.ts"
import { type ManyMessage, ofMessages } from "../../src/notify/ManyMessage.ts"
import type { Message } from "../../src/notify/Message.ts"
import { run } from "./outcomes.ts"

/** 2026-11-22 23:58:05 UTC. */
const seen = 1_795_391_885_000
const now = seen + 10_000

export const scaled: DriftFinding = {
  object: { group: "apps", kind: "Deployment", namespace: "shop", name: "checkout" },
  manager: "kubectl-scale",
  fields: ["spec.replicas"],
  time: "2026-11-22T23:54:00Z",
  action: "healed"
}

export const deleted: DriftFinding = {
  object: { group: "", kind: "ConfigMap", namespace: "shop", name: "flags" },
  manager: "unknown (see the audit log)",
  fields: [],
  action: "healed"
}

export const sidecar: DriftFinding = {
  ...scaled,
  manager: "kubectl-edit",
  fields: [
    "spec.template.spec.containers[name=debug]",
    "spec.template.spec.containers[name=app].image",
    "spec.template.spec.hostNetwork"
  ],
  time: "2026-11-20T08:15:30Z"
}

const clean = (text: string) => text.slice(0, 300)

/** What is told of these, seen together. */
export const driftMessageOf = (
  findings: ReadonlyArray<DriftFinding>,
  phase: Saying["phase"] = "changes",
  lasted = 10_000
): DriftMessage => {
  const told = { delivery: run.delivery, revision: run.revision, url: run.url, time: seen, findings }
  const digest = take(nothing, told, clean)
  const held = phase === "changes" ? digest.held : digest.fights.map((fight) => {
    const { next: _, since: __, ...finding } = fight
    return finding
  })
  const changes = phase === "changes" ? digest.changes : held.reduce((sum, { times }) => sum + times, 0)
  const more = phase === "changes" ? changes - held.reduce((sum, { times }) => sum + times, 0) : 0
  const saying = { phase, findings: held, changes, more, since: now - lasted, at: now }
  return ofSaying({ saying, digest, delivery: run.delivery, cluster: "prod-eu", time: now })
}

export const manyOf = (message: Message, count: number): ManyMessage =>
  ofMessages(
    message,
    Array.from({ length: count }, (_, index) => ({ ...message, delivery: `shop/service-${index + 1}` }))
  )
