import { nearest } from "../../domain/nearest.ts"
import type { Wanted } from "./calls.ts"
import { GitError, stalled } from "./GitFailure.ts"
import { type Connection, send } from "./http.ts"
import { delimiter, encodePacket, flush, lineOf, packets } from "./pktLine.ts"

interface Ref {
  readonly name: string
  readonly hash: string
  /** What an annotated tag points to in the end. */
  readonly peeled?: string
  /** `HEAD` points to this ref. */
  readonly target?: string
}

/** What a server told about itself. Protocol 0 lists its refs in the same answer. */
export type Advertisement =
  | { readonly version: 2; readonly capabilities: ReadonlySet<string> }
  | { readonly version: 0; readonly capabilities: ReadonlySet<string>; readonly refs: ReadonlyArray<Ref> }

export interface Session {
  readonly connection: Connection
  /** Of protocol 2; it is asked for once, so that each poll is one request. */
  advertisement?: Advertisement
}

const listingBytes = 64 * 1024 * 1024
const namesCompared = 10_000
const hash = /^[0-9a-f]{40}$/u

const advertised = (lines: ReadonlyArray<string>): Advertisement => {
  const refs = new Map<string, Ref>()
  let capabilities: ReadonlyArray<string> = []
  for (const [index, line] of lines.entries()) {
    const [ref = "", told] = line.split("\0")
    if (index === 0) capabilities = (told ?? "").split(" ")
    const [id = "", name = ""] = [ref.slice(0, ref.indexOf(" ")), ref.slice(ref.indexOf(" ") + 1)]
    if (!hash.test(id) || name === "capabilities^{}") continue
    if (name.endsWith("^{}")) {
      const tag = refs.get(name.slice(0, -3))
      if (tag !== undefined) refs.set(tag.name, { ...tag, peeled: id })
    } else {
      const symref = capabilities.find((capability) => capability.startsWith(`symref=${name}:`))
      refs.set(name, {
        name,
        hash: id,
        ...symref === undefined ? {} : { target: symref.slice(`symref=${name}:`.length) }
      })
    }
  }
  return { version: 0, capabilities: new Set(capabilities), refs: [...refs.values()] }
}

/** Asks what the server speaks. */
export const discover = async (session: Session, signal: AbortSignal): Promise<Advertisement> => {
  if (session.advertisement !== undefined) return session.advertisement
  const { connection } = session
  const answer = await send(connection, {
    method: "GET",
    path: "info/refs?service=git-upload-pack",
    expects: "advertisement",
    signal,
    limit: listingBytes
  })
  const lines: Array<string> = []
  for await (const packet of packets(answer)) {
    if (typeof packet === "string") continue
    const line = lineOf(packet)
    if (!line.startsWith("# service=")) lines.push(line)
  }
  const isNewest = lines[0] === "version 2"
  const advertisement: Advertisement = isNewest
    ? { version: 2, capabilities: new Set(lines.slice(1)) }
    : advertised(lines)
  if (advertisement.capabilities.has("object-format=sha256")) {
    throw stalled(`${connection.remote.url} names its objects by SHA-256, which Sluice does not read yet`)
  }
  if (advertisement.version === 2) session.advertisement = advertisement
  return advertisement
}

const parseRef = (line: string): Ref | undefined => {
  const [id = "", name = "", ...rest] = line.split(" ")
  if (!hash.test(id) || name === "") return undefined
  const told = (prefix: string) => rest.find((word) => word.startsWith(prefix))?.slice(prefix.length)
  const peeled = told("peeled:")
  const target = told("symref-target:")
  return { name, hash: id, ...peeled === undefined ? {} : { peeled }, ...target === undefined ? {} : { target } }
}

/** The refs that begin with a prefix, at most `most` of those that `keep` wants. */
const listRefs = async (
  session: Session,
  prefix: string,
  keep: (name: string) => boolean,
  most: number,
  signal: AbortSignal
): Promise<ReadonlyArray<Ref>> => {
  const advertisement = await discover(session, signal)
  if (advertisement.version === 0) return advertisement.refs.filter(({ name }) => keep(name)).slice(0, most)
  const words = ["peel\n", "symrefs\n", `ref-prefix ${prefix}\n`]
  const answer = await send(session.connection, {
    method: "POST",
    path: "git-upload-pack",
    expects: "result",
    body: Buffer.concat([
      ...["command=ls-refs\n", "agent=sluice\n"].map(encodePacket),
      delimiter,
      ...words.map(encodePacket),
      flush
    ]),
    signal,
    limit: listingBytes
  })
  const found: Array<Ref> = []
  for await (const packet of packets(answer)) {
    if (typeof packet === "string") continue
    const ref = parseRef(lineOf(packet))
    if (ref !== undefined && keep(ref.name) && found.length < most) found.push(ref)
  }
  return found
}

const missing = (detail: string, hint?: string) =>
  new GitError({ ...stalled(detail, hint).failure, isRefMissing: true })

const notThere = async (session: Session, wanted: Wanted, folder: string, signal: AbortSignal) => {
  const { url } = session.connection.remote
  const there = await listRefs(session, folder, (name) => name.startsWith(folder), namesCompared, signal)
  const names = there.map(({ name }) => name.slice(folder.length))
  if (names.length === 0) {
    return missing(`${url} has no ${wanted.kind === "tag" ? "tags" : "branches"}: is it empty?`)
  }
  const near = nearest(wanted.name, names)
  return missing(
    `${url} has no ${wanted.kind} ${JSON.stringify(wanted.name)}`,
    near === undefined
      ? `It has ${names.slice(0, 5).join(", ")}${names.length > 5 ? ", …" : ""}.`
      : `Did you mean ${JSON.stringify(near)}?`
  )
}

/** The commit that a branch, a tag or the default branch points to now. */
export const resolve = async (session: Session, wanted: Wanted, signal: AbortSignal) => {
  const folder = wanted.kind === "tag" ? "refs/tags/" : "refs/heads/"
  const full = wanted.kind === "default" ? "HEAD" : `${folder}${wanted.name}`
  const [ref] = await listRefs(session, full, (name) => name === full, 1, signal)
  if (ref === undefined) throw await notThere(session, wanted, folder, signal)
  const name = wanted.kind === "default" ? (ref.target ?? "HEAD").replace("refs/heads/", "") : wanted.name
  return { name, hash: ref.peeled ?? ref.hash }
}
