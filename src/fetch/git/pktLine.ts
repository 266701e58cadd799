import { type GitError, oneLine, stalled, transient } from "./GitFailure.ts"

/** A packet, or one of the marks between them (gitprotocol-common, gitprotocol-v2). */
export type Packet = Buffer | "flush" | "delimiter"

const marks: Readonly<Record<number, Packet>> = { 0: "flush", 1: "delimiter", 2: "flush" }

export const encodePacket = (line: string): Buffer => {
  const payload = Buffer.from(line)
  return Buffer.concat([Buffer.from((payload.length + 4).toString(16).padStart(4, "0")), payload])
}

export const flush = Buffer.from("0000")
export const delimiter = Buffer.from("0001")

/** A packet's text without its line break. */
export const lineOf = (packet: Buffer): string => packet.toString("utf8").replace(/\n$/u, "")

/** Transient unless the server's words say that the question itself is wrong. */
export const remoteError = (text: string): GitError => {
  const said = `the Git server says: ${oneLine(text)}`
  return /not our ref|not found|access denied|not allowed|unadvertised|not exported/iu.test(text)
    ? stalled(said)
    : transient(said)
}

/** The packets of an answer as they come in. What the server reports as an error is thrown in its words. */
export async function* packets(body: AsyncIterable<Uint8Array>): AsyncGenerator<Packet, undefined> {
  let buffer: Buffer = Buffer.alloc(0)
  for await (const chunk of body) {
    buffer = buffer.length === 0 ? Buffer.from(chunk) : Buffer.concat([buffer, chunk])
    let at = 0
    while (buffer.length - at >= 4) {
      const digits = buffer.toString("latin1", at, at + 4)
      if (!/^[0-9a-f]{4}$/iu.test(digits)) throw stalled("the server's answer is not of the Git protocol")
      const length = Number.parseInt(digits, 16)
      if (length < 4) {
        const mark = marks[length]
        if (mark === undefined) throw stalled("the server's answer is not of the Git protocol")
        at += 4
        yield mark
        continue
      }
      if (buffer.length - at < length) break
      const payload = buffer.subarray(at + 4, at + length)
      at += length
      if (payload.toString("latin1", 0, 4) === "ERR ") throw remoteError(payload.toString("utf8", 4))
      yield payload
    }
    buffer = buffer.subarray(at)
  }
  if (buffer.length > 0) throw transient("the Git server broke off in the middle of its answer")
  return undefined
}
