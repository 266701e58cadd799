import { readFile } from "node:fs/promises"
import type { JsonObject } from "../../../src/domain/Json.ts"

/**
 * All requests, written when the response is complete (for a watch: also when it starts); without bodies, but for the
 * Leases of replicas, which tell who had what. Writes are written when they come in as well: see `readAudit`.
 */
export const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
rules:
  - level: RequestResponse
    namespaces: [sluice-system]
    resources: [{group: coordination.k8s.io, resources: [leases]}]
    omitStages: [RequestReceived]
  - {level: Metadata, verbs: [get, list, watch], omitStages: [RequestReceived]}
  - {level: Metadata}
`

/** That a write has come in, which is not yet answered. */
type Received = Pick<AuditEvent, "auditID" | "requestReceivedTimestamp"> & { readonly stage: "RequestReceived" }

/** One line of the audit log: what tests ask about. */
export interface AuditEvent {
  readonly auditID: string
  readonly stage: "ResponseStarted" | "ResponseComplete" | "Panic"
  readonly verb: string
  readonly requestURI: string
  readonly user: { readonly username: string; readonly groups?: ReadonlyArray<string> }
  readonly impersonatedUser?: { readonly username: string; readonly groups?: ReadonlyArray<string> }
  readonly userAgent?: string
  readonly objectRef?: {
    readonly resource: string
    readonly namespace?: string
    readonly name?: string
    readonly apiGroup?: string
    readonly apiVersion?: string
    readonly subresource?: string
  }
  readonly responseStatus?: { readonly code?: number; readonly reason?: string }
  readonly requestReceivedTimestamp: string
  /** When this stage was reached: of a request that is complete, when it was answered. */
  readonly stageTimestamp: string
  /** Of Leases alone. */
  readonly responseObject?: JsonObject
}

/** How long a write may take to be answered, in milliseconds: what takes longer has lost its API server. */
const answeredWithin = 10_000

/** A line that is still being written is left out. */
const parse = (text: string): ReadonlyArray<AuditEvent | Received> =>
  text.slice(0, text.lastIndexOf("\n") + 1).split("\n").filter(Boolean).map((line) => JSON.parse(line))

/**
 * The events in an audit log so far, with all writes of which anything can have been seen: a watch tells of a write
 * before it is answered, and logged. So this waits for the answers to all that have come in.
 */
export const readAudit = async (file: string): Promise<ReadonlyArray<AuditEvent>> => {
  const asked = Date.now()
  for (;;) {
    const all = parse(await readFile(file, "utf8"))
    const done = all.filter((event) => event.stage !== "RequestReceived")
    const answered = new Set(done.map(({ auditID }) => auditID))
    const isOpen = ({ auditID, requestReceivedTimestamp, stage }: AuditEvent | Received) =>
      stage === "RequestReceived" && !answered.has(auditID) && Date.parse(requestReceivedTimestamp) <= asked &&
      Date.parse(requestReceivedTimestamp) > Date.now() - answeredWithin
    if (!all.some(isOpen)) return done
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
