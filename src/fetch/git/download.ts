import { createHash } from "node:crypto"
import { open } from "node:fs/promises"
import { oneLine, stalled, transient } from "./GitFailure.ts"
import { send } from "./http.ts"
import { discover, type Session } from "./listing.ts"
import { delimiter, encodePacket, flush, type Packet, packets, remoteError } from "./pktLine.ts"

export interface Download {
  readonly hash: string
  /** Commits that we have, without their history. */
  readonly haves: ReadonlyArray<string>
  /** Where the pack is written. */
  readonly file: string
  readonly bytes: number
  readonly signal: AbortSignal
}

const encodeAll = (lines: ReadonlyArray<string>) => Buffer.concat(lines.map((line) => encodePacket(`${line}\n`)))

/** Protocol 2: gitprotocol-v2, command fetch. */
const request2 = ({ hash, haves }: Download): Buffer =>
  Buffer.concat([
    encodeAll(["command=fetch", "agent=sluice", "object-format=sha1"]),
    delimiter,
    encodeAll([
      // Without it a server sends all of a shallow commit again, whatever we have.
      "thin-pack",
      "no-progress",
      "ofs-delta",
      `want ${hash}`,
      ...haves.map((have) => `shallow ${have}`),
      "deepen 1",
      ...haves.map((have) => `have ${have}`),
      "done"
    ]),
    flush
  ])

/** Protocol 0: gitprotocol-pack, upload request. */
const request0 = ({ hash, haves }: Download, capabilities: ReadonlySet<string>): Buffer => {
  const wanted = ["multi_ack_detailed", "side-band-64k", "thin-pack", "ofs-delta", "no-progress"]
    .filter((capability) => capabilities.has(capability))
  return Buffer.concat([
    encodeAll([
      `want ${hash} ${[...wanted, "agent=sluice"].join(" ")}`,
      ...haves.map((have) => `shallow ${have}`),
      "deepen 1"
    ]),
    flush,
    encodeAll([...haves.map((have) => `have ${have}`), "done"])
  ])
}

const band = (packet: Packet): number | undefined =>
  typeof packet === "string" || packet.length === 0 || packet[0]! > 3 ? undefined : packet[0]

/** Brings the pack of one commit without its history, as far as we lack it, and checks that it came whole. */
export const download = async (session: Session, request: Download): Promise<void> => {
  const { url } = session.connection.remote
  const advertisement = await discover(session, request.signal)
  if (advertisement.version === 0 && !advertisement.capabilities.has("side-band-64k")) {
    throw stalled(`${url} speaks a Git protocol older than side-band-64k`)
  }
  const file = await open(request.file, "w", 0o600)
  try {
    const answer = await send(session.connection, {
      method: "POST",
      path: "git-upload-pack",
      expects: "result",
      body: advertisement.version === 2 ? request2(request) : request0(request, advertisement.capabilities),
      signal: request.signal,
      limit: request.bytes + 1_048_576
    })
    const sum = createHash("sha1")
    let received = 0
    let tail: Buffer = Buffer.alloc(0)
    let isOver = false
    let said = ""
    for await (const packet of packets(answer)) {
      const channel = band(packet)
      if (packet === "flush" && received > 0) isOver = true
      if (channel === undefined || typeof packet === "string") continue
      const payload = packet.subarray(1)
      if (channel === 3) throw remoteError(payload.toString("utf8"))
      if (channel === 2) {
        said = (said + payload.toString("utf8")).slice(-2_000)
        continue
      }
      received += payload.length
      if (received > request.bytes) {
        throw stalled(`${url}: the pack of ${request.hash} has more than ${request.bytes} bytes`)
      }
      const both = Buffer.concat([tail, payload])
      sum.update(both.subarray(0, Math.max(0, both.length - 20)))
      tail = Buffer.from(both.subarray(-20))
      await file.write(payload)
    }
    if (!isOver) {
      const told = oneLine(said)
      throw transient(
        `the Git server broke off after ${received} bytes of the pack${told === "" ? "" : `; it says: ${told}`}`
      )
    }
    if (!sum.digest().equals(tail)) throw transient(`${url}: the pack came damaged (its checksum is wrong)`)
  } finally {
    await file.close()
  }
}
