import * as Schema from "effect/Schema"

/** One state of a source, `main@sha1:9f3c…` or `1.4.2@sha256:…`. Parsed once, at the edge. */
export const Revision = Schema.Struct({
  /** Branch, tag or version that was asked for. */
  name: Schema.String,
  algorithm: Schema.Literals(["sha1", "sha256"]),
  hash: Schema.String.check(Schema.isPattern(/^([0-9a-f]{40}|[0-9a-f]{64})$/u))
})
export type Revision = typeof Revision.Type

export const format = (revision: Revision): string => `${revision.name}@${revision.algorithm}:${revision.hash}`

/** `main@9f3c21ab`: for tables and messages. */
export const short = (revision: Revision): string => revision.hash.slice(0, 8)

export const parse = (text: string): Revision | undefined => {
  const match = /^(.*)@(sha1|sha256):([0-9a-f]{40}|[0-9a-f]{64})$/u.exec(text)
  return match === null ? undefined : { name: match[1]!, algorithm: match[2] as "sha1" | "sha256", hash: match[3]! }
}

export const equals = (a: Revision | undefined, b: Revision | undefined): boolean =>
  a?.hash === b?.hash && a?.name === b?.name

const Person = Schema.Struct({ name: Schema.String, email: Schema.String })

/** Who made a revision and why, as Git records it. All of it is the author's text: escape it for its target. */
export const Commit = Schema.Struct({
  hash: Schema.String,
  author: Person,
  committer: Person,
  subject: Schema.String,
  message: Schema.String,
  /** Seconds since the epoch. */
  time: Schema.Int,
  /** Whether it carries a signature: that it is a good one, nobody has said. */
  isSigned: Schema.Boolean
})
export type Commit = typeof Commit.Type
