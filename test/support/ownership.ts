import { at } from "../../src/domain/Json.ts"
import { ownerOf } from "../../src/members/rendezvous.ts"
import type { AuditEvent } from "./controlplane/audit.ts"

/** A time in which a Lease told one view. Both ends are known as from when a request came to when it was answered. */
export interface Told {
  readonly instance: string
  readonly view: ReadonlyArray<string>
  readonly from: { readonly came: string; readonly answered: string }
  readonly to: { readonly came: string; readonly answered: string } | undefined
}

const isDone = ({ responseStatus, stage }: AuditEvent): boolean =>
  stage === "ResponseComplete" && (responseStatus?.code ?? 500) < 300

const isMutating = ({ verb }: AuditEvent): boolean => ["create", "update", "patch", "delete"].includes(verb)

/** The views that replicas told, from the API server's audit log. */
export const toldViews = (events: ReadonlyArray<AuditEvent>): ReadonlyArray<Told> => {
  const told: Array<Told> = []
  const open = new Map<string, Told>()
  const writes = events
    .filter((event) => isDone(event) && isMutating(event) && event.objectRef?.resource === "leases")
    .filter(({ objectRef }) => objectRef?.namespace === "sluice-system")
    .sort((a, b) => a.stageTimestamp < b.stageTimestamp ? -1 : 1)
  for (const { objectRef, requestReceivedTimestamp: came, responseObject, stageTimestamp: answered, verb } of writes) {
    const name = objectRef?.name ?? String(at(responseObject, "metadata", "name"))
    const instance = name.slice("sluice-".length)
    const view = verb === "delete" ? undefined : at(responseObject, "metadata", "annotations", "sluice.dev/members")
    const before = open.get(instance)
    if (before !== undefined && typeof view === "string" && before.view.join(",") === view) continue
    if (before !== undefined) {
      open.delete(instance)
      told.push({ ...before, to: { came, answered } })
    }
    if (typeof view === "string") {
      open.set(instance, { instance, view: view.split(","), from: { came, answered }, to: undefined })
    }
  }
  return [...told, ...open.values()]
}

/** The times in which a replica told that something was its own, whatever else its view said. */
const claimsOf = (told: ReadonlyArray<Told>, key: string): ReadonlyArray<Told> => {
  const claims: Array<Told> = []
  for (const one of told.filter(({ instance, view }) => ownerOf(view, key) === instance)) {
    const before = claims.findIndex(({ instance, to }) =>
      instance === one.instance && to?.answered === one.from.answered
    )
    if (before < 0) claims.push(one)
    else claims[before] = { ...claims[before]!, to: one.to }
  }
  return claims
}

/** Who wrote, by the name that it gives itself. */
export const replicaOf = ({ userAgent }: AuditEvent): string | undefined =>
  /^sluice\/\S+ \((.*)\)$/u.exec(userAgent ?? "")?.[1]

/** What replicas changed, each with what it belongs to. */
export const changesOf = (events: ReadonlyArray<AuditEvent>, keyOf: (event: AuditEvent) => string | undefined) =>
  events.flatMap((event) => {
    const [replica, key] = [replicaOf(event), keyOf(event)]
    const isChange = isDone(event) && isMutating(event) && !event.requestURI.includes("dryRun=All") &&
      event.objectRef?.resource !== "leases"
    return isChange && replica !== undefined && key !== undefined ? [{ event, replica, key }] : []
  })

/**
 * What was changed by a replica that did not own it then: it came after the end of its claim was answered, before its
 * claim came, or while another's claim stood that is older.
 */
export const strangers = (
  events: ReadonlyArray<AuditEvent>,
  keyOf: (event: AuditEvent) => string | undefined
): ReadonlyArray<string> => {
  const told = toldViews(events)
  const claims = new Map<string, ReadonlyArray<Told>>()
  return changesOf(events, keyOf).flatMap(({ event, key, replica }) => {
    const { objectRef, requestReceivedTimestamp: came, stageTimestamp: answered, verb } = event
    const all = claims.get(key) ?? claimsOf(told, key)
    claims.set(key, all)
    const own = all.find(({ from, instance, to }) =>
      instance === replica && from.came <= answered && (to === undefined || to.answered >= came)
    )
    const older = all.find(({ from, instance, to }) =>
      instance !== replica && from.answered <= came && (to === undefined || to.came >= answered) &&
      (own === undefined || from.answered < own.from.came)
    )
    const what = `${came} ${replica} ${verb} ${objectRef?.resource}/${objectRef?.name} of ${key}`
    return own === undefined
      ? [`${what}: it had no claim; there were ${JSON.stringify(all)}`]
      : older === undefined
      ? []
      : [`${what}: ${older.instance} had it`]
  })
}
