import type { CommitObject, EntryKind, TreeEntry } from "./calls.ts"
import { damaged } from "./GitFailure.ts"

const kinds: Readonly<Record<string, EntryKind>> = {
  "40000": "folder",
  "040000": "folder",
  "120000": "link",
  "160000": "module"
}
const names = new TextDecoder("utf-8", { fatal: false })

/** The entries of a tree object, as they stand there: names are not yet to be trusted. */
export const parseTree = (data: Buffer): ReadonlyArray<TreeEntry> => {
  const entries: Array<TreeEntry> = []
  let at = 0
  while (at < data.length) {
    const space = data.indexOf(32, at)
    const end = data.indexOf(0, space)
    if (space < 0 || end < 0 || end + 20 >= data.length + 1) throw damaged("a tree object is broken")
    const mode = data.toString("latin1", at, space)
    entries.push({
      name: names.decode(data.subarray(space + 1, end)),
      kind: kinds[mode] ?? "file",
      id: data.toString("hex", end + 1, end + 21)
    })
    at = end + 21
  }
  return entries
}

const personOf = (line: string): CommitObject["author"] => {
  const [, name = "", email = ""] = /^(.*?) ?<([^>]*)> -?\d+ [-+]\d{4}$/u.exec(line) ?? []
  return { name, email }
}

/** Headers are read in the order that Git demands, so that nobody can show one tree to us and another to Git. */
export const parseCommit = (hash: string, data: Buffer): CommitObject => {
  const text = data.toString("utf8")
  const end = text.indexOf("\n\n")
  const head = end < 0 ? text : text.slice(0, end)
  const match = /^tree ([0-9a-f]{40})\n(?:parent [0-9a-f]{40}\n)*author ([^\n]*)\ncommitter ([^\n]*)/u.exec(head)
  if (match === null) throw damaged(`commit ${hash} is broken`)
  const time = /> (\d{1,12}) [-+]\d{4}$/u.exec(match[3]!)
  return {
    hash,
    tree: match[1]!,
    author: personOf(match[2]!),
    committer: personOf(match[3]!),
    message: end < 0 ? "" : text.slice(end + 2),
    time: Number(time?.[1] ?? 0),
    // What continues a header is indented: a signature of something within is none of the commit.
    isSigned: /^gpgsig(?:-sha256)? /mu.test(head.slice(match[0].length))
  }
}
