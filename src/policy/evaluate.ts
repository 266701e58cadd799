import * as Effect from "effect/Effect"
import { PolicyUnavailable } from "../domain/StageError.ts"
import type { Document } from "./Document.ts"
import type { Finding, Judge } from "./protocol.ts"
import type { LoadedSet, WorkerLost, Workers } from "./Workers.ts"

/** What the policies said about a document. `isLasting` is false where another time or another machine may say otherwise. */
export interface Judgement {
  readonly findings: ReadonlyArray<Finding>
  readonly isLasting: boolean
}

export interface Bounds {
  /** Nanoseconds since the epoch: the time that all rules see. */
  readonly now: bigint
  /** Milliseconds for a batch, besides 5 for each document: 2,000, unless given. */
  readonly deadline?: number | undefined
}

const maximumBatch = 200
const maximumBatchCharacters = 1_000_000
/** Documents that may run away before the rest is refused without a try. */
const maximumRunaways = 3

const perObject = 5

const encoder = new TextEncoder()

/** In a buffer of its own, because it is handed to the thread. */
const joined = (texts: ReadonlyArray<Uint8Array>): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(texts.reduce((sum, { length }) => sum + length, 0))
  let offset = 0
  for (const text of texts) {
    bytes.set(text, offset)
    offset += text.length
  }
  return bytes
}

const request = (documents: ReadonlyArray<Document>, by: Judge["by"], now: bigint): Judge => {
  const texts = documents.map(({ json }) => encoder.encode(json))
  return {
    type: "judge",
    by,
    judges: documents[0]?.judges ?? "object",
    bytes: joined(texts),
    lengths: texts.map(({ length }) => length),
    identities: documents.map(({ identity }) => identity),
    progress: new SharedArrayBuffer(8),
    now
  }
}

const batches = (documents: ReadonlyArray<Document>): ReadonlyArray<ReadonlyArray<Document>> => {
  const result: Array<Array<Document>> = []
  let characters = Infinity
  for (const document of documents) {
    const last = result.at(-1)
    characters += document.json.length
    const isOther = last?.[0]?.judges !== document.judges
    if (last === undefined || isOther || last.length === maximumBatch || characters > maximumBatchCharacters) {
      result.push([document])
      characters = document.json.length
    } else last.push(document)
  }
  return result
}

const counter = ({ progress }: Judge, index: 0 | 1): number => Atomics.load(new Int32Array(progress), index)

const place = (set: LoadedSet, rulesBegun: number): Pick<Finding, "bundle" | "rule"> => {
  let rule = rulesBegun - 1
  for (const [bundle, { rules }] of set.policies.entries()) {
    if (rule < rules.length && rule >= 0) return { bundle, rule }
    rule -= rules.length
  }
  return { bundle: 0 }
}

/**
 * Judges documents in worker threads: 2 s and 5 ms a document for each batch. A document whose evaluation runs away is
 * denied by an error that names the rule, and the rest goes on in a new thread; after three of them the rest is denied.
 */
export const evaluate = Effect.fnUntraced(function*(
  workers: Workers,
  set: LoadedSet,
  documents: ReadonlyArray<Document>,
  { deadline = 2_000, now }: Bounds
) {
  const deadlineOf = (objects: number) => deadline + perObject * objects
  const judged = new Map<Document, Judgement>()
  const refuse = (document: Document, finding: Omit<Finding, "isError">) =>
    judged.set(document, { findings: [{ ...finding, isError: true }], isLasting: false })
  let runaways = 0

  /** Which rule does not come to an end: each is asked alone. */
  const accuse = Effect.fnUntraced(function*(document: Document, { detail, why }: WorkerLost) {
    runaways++
    const alone = request([document], "rules", now)
    const culprit = yield* Effect.exit(workers.judge(set, alone, deadlineOf(1)))
    const message = why === "deadline"
      ? `the evaluation exceeded ${deadlineOf(1) / 1_000} s and was ended`
      : `the evaluation ended its thread: ${detail}`
    refuse(document, { message, ...culprit._tag === "Failure" ? place(set, counter(alone, 1)) : { bundle: 0 } })
  })

  const judgeBatch = Effect.fnUntraced(function*(batch: ReadonlyArray<Document>) {
    let waiting = batch
    while (waiting.length > 0) {
      if (runaways >= maximumRunaways) {
        const message = `not judged, because ${runaways} before it ran away`
        for (const document of waiting) refuse(document, { bundle: 0, message })
        return
      }
      const judge = request(waiting, "documents", now)
      const result = yield* Effect.result(workers.judge(set, judge, deadlineOf(waiting.length)))
      if (result._tag === "Success") {
        const { dependsOnTime, findings } = result.success
        for (const [index, document] of waiting.entries()) {
          judged.set(document, { findings: findings[index]!, isLasting: !dependsOnTime })
        }
        return
      }
      const begun = counter(judge, 0)
      if (begun === 0) {
        return yield* new PolicyUnavailable({ detail: `the policies could not be loaded: ${result.failure.detail}` })
      }
      const runaway = waiting[begun - 1]!
      yield* accuse(runaway, result.failure)
      waiting = waiting.filter((document) => document !== runaway)
    }
  })

  yield* Effect.forEach(batches(documents), judgeBatch, { discard: true })
  return judged
})
