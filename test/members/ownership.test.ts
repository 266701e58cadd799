import { assert, describe, it } from "@effect/vitest"
import { ownerOf } from "../../src/members/rendezvous.ts"
import type { AuditEvent } from "../support/controlplane/audit.ts"
import { strangers } from "../support/ownership.ts"

const keyOf = ({ objectRef }: AuditEvent) => objectRef?.resource === "configmaps" ? objectRef.name : undefined
/** A key that is of the one alone, and of the other once both share. */
const key = Array.from({ length: 20 }, (_, index) => `shop/${index}`).find((key) => ownerOf(["a", "b"], key) === "b")!

let second = 0
const stamp = (more: number) => `2026-11-28T20:00:${String(second + more).padStart(2, "0")}.000000Z`
const event = (event: Partial<AuditEvent>): AuditEvent => {
  second += 2
  return {
    auditID: "",
    stage: "ResponseComplete",
    verb: "update",
    requestURI: "/",
    user: { username: "" },
    responseStatus: { code: 200 },
    requestReceivedTimestamp: stamp(0),
    stageTimestamp: stamp(1),
    ...event
  }
}
const lease = (instance: string, view: string | undefined) =>
  event({
    objectRef: { resource: "leases", namespace: "sluice-system", name: `sluice-${instance}` },
    ...view === undefined
      ? { verb: "delete" }
      : { responseObject: { metadata: { annotations: { "sluice.dev/members": view } } } }
  })
const write = (instance: string, more: Partial<AuditEvent> = {}) =>
  event({ userAgent: `sluice/1 (${instance})`, objectRef: { resource: "configmaps", name: key }, ...more })
const told = (events: ReadonlyArray<AuditEvent>) => {
  second = 0
  return strangers(events, keyOf).length
}

describe("what an audit log tells of ownership", () => {
  it("is nothing where each writes what it has", () => {
    assert.strictEqual(
      told([lease("a", "a"), write("a"), lease("b", "a,b"), write("a"), lease("a", "a,b"), write("b"), write("b")]),
      0
    )
    assert.strictEqual(told([lease("a", "a"), write("a"), lease("a", undefined), lease("b", "b"), write("b")]), 0)
  })

  it("is who wrote before it had, after it had, and while another had", () => {
    assert.strictEqual(told([write("a"), lease("a", "a")]), 1)
    assert.strictEqual(told([lease("a", "a"), lease("a", undefined), write("a")]), 1)
    assert.strictEqual(told([lease("a", "a"), lease("a", "a,b"), write("a")]), 1)
    assert.strictEqual(told([lease("a", "a"), lease("b", "a,b"), write("b"), lease("a", "a,b"), write("b")]), 1)
  })

  it("counts neither what was refused nor what was only tried", () => {
    const refused = write("a", { responseStatus: { code: 409 } })
    assert.strictEqual(told([refused, write("a", { requestURI: "/?dryRun=All" }), write("a", { verb: "get" })]), 0)
  })
})
