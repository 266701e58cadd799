import type { Condition, DeliveryStatus } from "../../src/api/v1alpha1/DeliveryStatus.ts"
import { type DeliveryEvent, events } from "../../src/controller/events.ts"
import type { Facts } from "../../src/controller/Facts.ts"
import type { Happening } from "../../src/controller/Happening.ts"
import { after } from "../../src/controller/status.ts"
import type { Violation } from "../../src/domain/Decision.ts"
import type { JsonObject } from "../../src/domain/Json.ts"
import type { Outcome, Run, RunHappening } from "../../src/domain/Outcome.ts"
import type { Revision } from "../../src/domain/Revision.ts"
import { HealthTimeout, type StageError } from "../../src/domain/StageError.ts"
import { health } from "../../src/kube/kstatus.ts"

export const revision = (letter: string): Revision => ({ name: "main", algorithm: "sha1", hash: letter.repeat(40) })

/** The revision as a status writes it. */
export const sha = (letter: string) => `main@sha1:${letter.repeat(40)}`

export const facts = (changes: Partial<Facts> = {}): Facts => ({
  now: "2026-11-25T10:00:00.123Z",
  generation: 1,
  waits: true,
  redact: (text) => text.replaceAll("canary", "(redacted)"),
  ...changes
})

export const event = (happening: RunHappening): Happening => ({ time: "", delivery: "shop/web", run: "", ...happening })

export const details = (letter: string | undefined, changes: Partial<Run> = {}): Run => ({
  id: "01J1",
  delivery: "shop/web",
  why: "webhook",
  revision: letter === undefined ? undefined : revision(letter),
  commit: letter === undefined ? undefined : {
    hash: letter.repeat(40),
    author: { name: "Dana Ito", email: "dana@example.com" },
    committer: { name: "Dana Ito", email: "dana@example.com" },
    subject: "raise replicas",
    message: "raise replicas",
    time: 1_795_391_000,
    isSigned: false
  },
  url: "https://dana:hunter22@gitlab.example.com/acme/shop.git",
  previous: undefined,
  startedAt: 1_795_600_000_000,
  durationMs: 1_500,
  ...changes
})

export const violation: Violation = {
  policy: "image-digest-required",
  package: "policies.images",
  rule: "deny",
  severity: "deny",
  message: "not pinned\nby digest",
  object: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "checkout" },
  source: { file: "environments/prod/checkout.yaml", line: 23 },
  bundle: { name: "repository", digest: "sha256:aa" }
}

export const summary = { objects: 10, passed: 14, warned: 1, denied: 0, waived: 0 }
export const counts = { created: 1, configured: 2, replaced: 0, pruned: 0, unchanged: 7 }
export const applied: Outcome = { _tag: "Applied", changes: counts, objects: [], violations: [], summary }
export const unchanged: Outcome = { _tag: "Unchanged", violations: [], summary }
export const advanced: Outcome = { _tag: "Unchanged", violations: [], summary: undefined }
export const denied: Outcome = { _tag: "Denied", violations: [violation], summary: { ...summary, denied: 2 } }
export const failed = (error: StageError, changes = undefined): Outcome => ({ _tag: "Failed", error, changes })

export const timeout = new HealthTimeout({
  detail: "1 of 3 replicas are ready after 5m",
  object: { group: "apps", kind: "Deployment", namespace: "shop", name: "checkout" }
})

/** What a run says that will be tried again, late enough to tell of its failure. */
export const again = { next: { inMs: 12_000, attempt: 3 } }

/** A delivery's life: each step is a second after the one before. */
export const story = (initial: DeliveryStatus = {}, given: Partial<Facts> = {}) => {
  let status = initial
  let second = 0
  const told: Array<DeliveryEvent> = []
  const happens = (happening: Happening, changes: Partial<Facts> = {}) => {
    const now = `2026-11-25T10:00:${String(second++).padStart(2, "0")}.5Z`
    const before = status
    status = after(before, happening, facts({ now, ...given, ...changes }))
    told.push(...events(before, status, happening))
    return status
  }
  const starts = (letter: string | undefined, why = "webhook", changes: Partial<Facts> = {}) => {
    const about = letter === undefined ? undefined : revision(letter)
    happens(event({ _tag: "RunStarted", revision: about, why }), changes)
    return happens(event({ _tag: "StageStarted", stage: "fetch", revision: about }), changes)
  }
  const reaches = (letter: string, stage: "render" | "policy" | "diff" | "apply") =>
    happens(event({ _tag: "StageStarted", stage, revision: revision(letter) }))
  const ends = (outcome: Outcome, letter: string | undefined, run: Partial<Run> = {}, changes: Partial<Facts> = {}) =>
    happens(event({ _tag: "RunEnded", outcome, details: details(letter, run) }), changes)
  const runs = (outcome: Outcome, letter: string | undefined, run: Partial<Run> = {}, changes: Partial<Facts> = {}) => {
    starts(letter, run.why ?? "webhook", changes)
    return ends(outcome, letter, run, changes)
  }
  return { happens, starts, reaches, ends, runs, told, status: () => status }
}

/** A delivery that is on revision a. */
export const onA = (given: Partial<Facts> = {}) => {
  const life = story({}, given)
  life.runs(applied, "a")
  return life
}

/** The conditions of a delivery of which all is well. */
export const well = "Ready=True/Succeeded PolicyPassed=True/Succeeded Healthy=True/Succeeded"

/** `Ready=True/Succeeded Healthy=True/Succeeded …` */
export const conditions = (status: DeliveryStatus): string =>
  (status.conditions ?? []).map(({ reason, status, type }) => `${type}=${status}/${reason}`).join(" ")

export const condition = (status: DeliveryStatus, type: Condition["type"]): Condition | undefined =>
  status.conditions?.find((each) => each.type === type)

/** What kstatus makes of it. */
export const kstatus = (status: DeliveryStatus, generation = 1): string =>
  health(
    { group: "sluice.dev", kind: "Delivery", namespace: "shop", name: "web" },
    { metadata: { generation }, status: status as JsonObject }
  ).status

/** GitLab's badge, in the order in which its dashboard asks. */
export const badge = (status: DeliveryStatus, suspend = false): string => {
  const [ready, reconciling, stalled] = (["Ready", "Reconciling", "Stalled"] as const).map((type) =>
    condition(status, type)
  )
  if (suspend) return "suspended"
  if (ready?.status === "False") return `failed: ${ready.message}`
  if (stalled?.status === "True") return "stalled"
  if (ready?.status === "Unknown" && ready.reason === "Progressing") return "bad config"
  if (reconciling?.status === "True") return "reconciling"
  return ready?.status === "True" ? "reconciled" : "unknown"
}
