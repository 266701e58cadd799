import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import type { Json } from "../domain/Json.ts"
import { locateIn } from "../domain/locateIn.ts"
import { type Read, readJson, readYaml } from "../domain/readYaml.ts"
import { RenderFailed } from "../domain/StageError.ts"
import * as ParseWorkers from "./ParseWorkers.ts"
import { split } from "./split.ts"

/** A YAML or JSON text to read. */
export interface Text {
  /** Equal ids mean equal text. Without one, each document of the text is remembered by its own digest. */
  readonly id?: string
  /** For error messages. */
  readonly name: string
  readonly text: string
}

/** One document that is not empty. */
export interface SourceDocument {
  readonly value: Json
  /** Of the document in its text, with the line on which that starts. */
  readonly piece: { readonly text: string; readonly line: number }
  readonly line: number
  readonly itemLines: ReadonlyArray<number> | undefined
}

export interface Problem {
  readonly problem: { readonly line: number; readonly column: number; readonly detail: string }
}

/** Parses texts under limits, off the event loop when they are large, and remembers what it has parsed. */
export interface Reader {
  readonly known: (id: string) => ReadonlyArray<SourceDocument> | undefined
  readonly read: (
    texts: ReadonlyArray<Text>
  ) => Effect.Effect<ReadonlyArray<ReadonlyArray<SourceDocument> | Problem>, RenderFailed>
  /** As `locateIn`. */
  readonly locate: (
    text: string,
    path: ReadonlyArray<string | number>
  ) => Effect.Effect<ReturnType<typeof locateIn>>
}

/** A reader that takes note of what one owner reads. */
export interface OwnReader extends Reader {
  /** All was read that is needed: what this owner alone had read before, and did not now, is forgotten. */
  readonly done: (ids: Iterable<string>) => void
}

/** A reader for everybody, and for each owner. */
export interface Readers extends Reader {
  readonly of: (owner: string) => OwnReader
}

export interface Options {
  readonly workers: number
  readonly deadline: Duration.Input
  /** Characters of JSON text that all documents of one call may have together. */
  readonly maximum: number
  /** Bytes that the documents which are remembered may take. */
  readonly remembered: number
}

/** Characters that are parsed on the event loop: about 5 ms. */
const inline = 16 * 1024
/** Bytes that a document takes beside its characters, which are there as text, parsed, and as a manifest. */
const beside = 2_000
const bytesOf = (characters: number, documents: number): number => 3 * characters + beside * documents
/** Characters of one job of a thread. */
const batch = 64 * 1024

interface Pending {
  readonly name: string
  readonly text: string
}

const batches = (pending: ReadonlyArray<Pending>): ReadonlyArray<ReadonlyArray<Pending>> => {
  const result: Array<Array<Pending>> = []
  let size = Number.POSITIVE_INFINITY
  for (const one of pending) {
    if (size + one.text.length > batch) {
      result.push([])
      size = 0
    }
    result.at(-1)!.push(one)
    size += one.text.length
  }
  return result
}

/** Owners of whom it is known what they read last; the one that read longest ago is forgotten first. */
const owners = 10_000

/** What is superseded is forgotten at once, and then the documents read longest ago. */
class Memory {
  private readonly entries = new Map<
    string,
    { readonly documents: ReadonlyArray<SourceDocument>; readonly size: number }
  >()
  private readonly used = new Map<string, ReadonlySet<string>>()
  /** By how many owners. */
  private readonly users = new Map<string, number>()
  private size = 0
  private readonly limit: number
  constructor(limit: number) {
    this.limit = limit
  }
  get(id: string) {
    const entry = this.entries.get(id)
    if (entry === undefined) return undefined
    this.entries.delete(id)
    this.entries.set(id, entry)
    return entry.documents
  }
  set(id: string, documents: ReadonlyArray<SourceDocument>, size: number) {
    this.forget(id)
    this.size += size
    this.entries.set(id, { documents, size })
    for (const oldest of this.entries.keys()) {
      if (this.size <= this.limit) break
      this.forget(oldest)
    }
  }
  keep(owner: string, now: ReadonlySet<string>) {
    const before = this.used.get(owner)
    this.used.delete(owner)
    this.used.set(owner, now)
    for (const id of now) if (before?.has(id) !== true) this.users.set(id, (this.users.get(id) ?? 0) + 1)
    for (const id of before ?? []) if (!now.has(id)) this.release(id)
    const [oldest] = this.used
    if (this.used.size <= owners || oldest === undefined) return
    this.used.delete(oldest[0])
    for (const id of oldest[1]) this.release(id)
  }
  private release(id: string) {
    const left = this.users.get(id)! - 1
    if (left > 0) return void this.users.set(id, left)
    this.users.delete(id)
    this.forget(id)
  }
  private forget(id: string) {
    this.size -= this.entries.get(id)?.size ?? 0
    this.entries.delete(id)
  }
}

const lengthOf = (reads: ReadonlyArray<Read>): number =>
  reads.reduce((sum, read) => "problem" in read ? sum : sum + charactersOf(read.values), 0)
const charactersOf = (values: ReadonlyArray<{ readonly json: string }>): number =>
  values.reduce((sum, { json }) => sum + json.length, 0)

const digestOf = (text: string) => createHash("sha256").update(text).digest("base64")

export const make = Effect.fnUntraced(function*(options: Options) {
  const workers = yield* ParseWorkers.make(options)
  const memory = new Memory(options.remembered)

  const parse = Effect.fnUntraced(function*(pending: ReadonlyArray<Pending>) {
    const total = pending.reduce((sum, { text }) => sum + text.length, 0)
    if (total <= inline) return pending.map(({ text }) => readJson(text) ?? readYaml(text))
    let characters = 0
    const answers = yield* Effect.forEach(
      batches(pending),
      (texts) =>
        workers({ texts: texts.map(({ text }) => text) }).pipe(
          Effect.map((answer) => answer as ReadonlyArray<Read>),
          Effect.filterOrFail(
            (reads) => (characters += lengthOf(reads)) <= options.maximum,
            () => `its documents expand to more than ${options.maximum} characters`
          ),
          Effect.mapError((detail) => {
            const names = [...new Set(texts.map(({ name }) => name))]
            return new RenderFailed({
              detail: `${detail}: ${names.slice(0, 3).join(", ")}${
                names.length > 3 ? ` or ${names.length - 3} more` : ""
              }`,
              hint: "Split the file, and leave out deep nesting, aliases and merge keys."
            })
          })
        )
    )
    return answers.flat()
  })

  /** Tells which ids it used. */
  const readWith = (noted: (id: string) => void): Reader["read"] =>
    Effect.fnUntraced(function*(texts) {
      const plans = texts.map((text) => {
        const pieces = split(text.text).map((piece) => {
          const id = text.id === undefined ? digestOf(piece.text) : undefined
          noted(id ?? text.id!)
          return { piece, id, documents: id === undefined ? undefined : memory.get(id) }
        })
        return { text, pieces }
      })
      const pending = plans.flatMap(({ text, pieces }) =>
        pieces.filter(({ documents }) => documents === undefined).map(({ piece }) => ({
          name: text.name,
          text: piece.text
        }))
      )
      const results = yield* parse(pending)
      let next = 0
      const answer: Array<ReadonlyArray<SourceDocument> | Problem> = []
      for (const { text, pieces } of plans) {
        const documents: Array<SourceDocument> = []
        let problem: Problem["problem"] | undefined
        let size = 0
        for (const { piece, id, documents: known } of pieces) {
          if (known !== undefined) {
            for (const document of known) documents.push(shifted(document, piece.line))
            continue
          }
          const result = results[next++]!
          if ("problem" in result) {
            problem ??= { ...result.problem, line: result.problem.line + piece.line - 1 }
            continue
          }
          const fresh = result.values.map(({ json, line, itemLines }): SourceDocument => ({
            value: JSON.parse(json) as Json,
            piece: id === undefined ? piece : { text: piece.text, line: 1 },
            line: id === undefined ? line + piece.line - 1 : line,
            itemLines: id === undefined ? itemLines?.map((item) => item + piece.line - 1) : itemLines
          }))
          // Aliases make documents larger than their text.
          const weight = bytesOf(Math.max(piece.text.length, charactersOf(result.values)), fresh.length)
          if (id !== undefined) memory.set(id, fresh, weight)
          size += weight
          for (const document of fresh) documents.push(id === undefined ? document : shifted(document, piece.line))
          // JSON.parse of everything at once would hold the event loop
          if (next % 100 === 0) yield* Effect.yieldNow
        }
        if (problem === undefined && text.id !== undefined) memory.set(text.id, documents, size)
        answer.push(problem === undefined ? documents : { problem })
      }
      return answer
    })

  const locate: Reader["locate"] = (text, path) =>
    text.length <= inline
      ? Effect.sync(() => locateIn(text, path))
      : workers({ text, path }).pipe(
        Effect.map((answer) => answer as ReturnType<typeof locateIn>),
        Effect.orElseSucceed(() => undefined)
      )

  const readers: Readers = {
    known: (id) => memory.get(id),
    read: readWith(() => undefined),
    locate,
    of: (owner) => {
      const used = new Set<string>()
      return {
        known: (id) => {
          used.add(id)
          return memory.get(id)
        },
        read: readWith((id) => used.add(id)),
        locate,
        done: (ids) => memory.keep(owner, used.union(new Set(ids)))
      }
    }
  }
  return readers
})

/** A remembered document, as it stands in a text whose piece starts on another line. */
const shifted = (document: SourceDocument, line: number): SourceDocument =>
  line === 1 ? document : {
    value: document.value,
    piece: { text: document.piece.text, line },
    line: document.line + line - 1,
    itemLines: document.itemLines?.map((item) => item + line - 1)
  }
