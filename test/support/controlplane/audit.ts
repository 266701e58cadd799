import { readFile } from "node:fs/promises"
import type { JsonObject } from "../../../src/domain/Json.ts"

/**
 * All requests, written when the response is complete (for a watch: also when it starts); without bodies, but for the
 * Leases of replicas, which tell who had what. All but watches are written when they come in as well: see `readAudit`.
 */
export const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
rules:
  - level: RequestResponse
    namespaces: [sluice-system]
    resources: [{group: coordination.k8s.io, resources: [leases]}]
    omitStages: [RequestReceived]
  - {level: Metadata, verbs: [watch], omitStages: [RequestReceived]}
  - {level: Metadata}
`

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

/** How long a request may take to be answered, in milliseconds: what takes longer has lost its API server. */
const answeredWithin = 10_000

/** A line that is still being written is left out. */
const linesOf = (text: string): ReadonlyArray<string> =>
  text.slice(0, text.lastIndexOf("\n") + 1).split("\n").filter(Boolean)

const idIn = /"auditID":"([^"]*)"/u
const timeIn = /"requestReceivedTimestamp":"([^"]*)"/u

/** That a request has come in: its id, and when. */
const receivedIn = (line: string): readonly [id: string, time: number] => [
  idIn.exec(line)?.[1] ?? "",
  Date.parse(timeIn.exec(line)?.[1] ?? "")
]

/**
 * The events in an audit log so far, with all requests of which anything can have been seen: a watch tells of a write
 * before it is answered, and who asks has the answer before it is logged. So this waits for all that have come in.
 */
export const readAudit = async (file: string): Promise<ReadonlyArray<AuditEvent>> => {
  const asked = Date.now()
  for (;;) {
    const came: Array<readonly [id: string, time: number]> = []
    const done: Array<AuditEvent> = []
    for (const line of linesOf(await readFile(file, "utf8"))) {
      if (line.includes(`"stage":"RequestReceived"`)) came.push(receivedIn(line))
      else done.push(JSON.parse(line))
    }
    const answered = new Set(done.map(({ auditID }) => auditID))
    const isOpen = ([id, time]: readonly [id: string, time: number]) =>
      !answered.has(id) && time <= asked && time > Date.now() - answeredWithin
    if (!came.some(isOpen)) return done
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
