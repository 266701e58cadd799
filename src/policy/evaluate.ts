import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { PolicyUnavailable } from "../domain/StageError.ts"
import type { Document } from "./Document.ts"
import { type Finding, type Judge, since, stamp } from "./protocol.ts"
import type { LoadedSet, WorkerLost, Workers } from "./Workers.ts"

/** What the policies said about a document. */
export interface Judgement {
  readonly findings: ReadonlyArray<Finding>
  /**
   * How long the same document need not be judged again: for ever; not at all, where another moment may say otherwise; or
   * 10 minutes, so that what ran away costs its deadline once and a machine that was only slow gets another chance.
   */
  readonly holds: "always" | "now" | "for a while"
}

export interface Bounds {
  /** Nanoseconds since the epoch: the time that all rules see. */
  readonly now: bigint
  /** Milliseconds for a batch, besides 5 for each document: 2,000, unless given. */
  readonly deadline?: number | undefined
}

/** Of a document of which nothing came back. */
export const notJudged: Finding = { bundle: 0, message: "it was not judged", isError: true, isAbandoned: true }

const maximumBatch = 200
const maximumBatchCharacters = 1_000_000
/** Documents that may run away before the rest is refused without a try. */
const maximumRunaways = 3

const perObject = 5
/** Milliseconds. */
const patience = 30_000

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
    progress: new SharedArrayBuffer(12),
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

const counter = ({ progress }: Judge, index: 0 | 1 | 2): number => Atomics.load(new Int32Array(progress), index)

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
 * denied by an error that names the rule, and the rest goes on in a new thread. After three of them, or after 30 s besides
 * the 5 ms for each, the rest is denied.
 */
export const evaluate = Effect.fnUntraced(function*(
  workers: Workers,
  set: LoadedSet,
  documents: ReadonlyArray<Document>,
  { deadline = 2_000, now }: Bounds
) {
  const deadlineOf = (objects: number) => deadline + perObject * objects
  const end = (yield* Clock.currentTimeMillis) + patience + perObject * documents.length
  const judged = new Map<Document, Judgement>()
  const refuse = (document: Document, finding: Omit<Finding, "isError">, holds: Judgement["holds"] = "now") =>
    judged.set(document, { findings: [{ ...finding, isError: true, isAbandoned: true }], holds })
  let runaways = 0

  /**
   * Which rule does not come to an end: each is asked alone. If all of them do, the document was not to blame. One that
   * took the whole deadline by itself is guilty already: a quarter of it tells the rule.
   */
  const accuse = Effect.fnUntraced(function*(document: Document, took: number, { detail, why }: WorkerLost) {
    const alone = request([document], "rules", now)
    const isGuilty = why === "deadline" && took >= deadlineOf(1)
    const asked = yield* Effect.result(workers.judge(set, alone, isGuilty ? deadlineOf(1) / 4 : deadlineOf(1)))
    if (asked._tag === "Success") {
      judged.set(document, { findings: asked.success.findings[0] ?? [], holds: "now" })
      return false
    }
    runaways++
    const message = why === "deadline"
      ? `the evaluation exceeded ${deadlineOf(1) / 1_000} s and was ended`
      : `the evaluation ended its thread: ${detail}`
    refuse(document, { message, ...place(set, counter(alone, 1)) }, why === "deadline" ? "for a while" : "now")
    return true
  })

  const given = Effect.fnUntraced(function*() {
    if (runaways >= maximumRunaways) return `not judged, because ${runaways} before it ran away`
    if ((yield* Clock.currentTimeMillis) > end) {
      return `not judged, because the policies took more than ${patience / 1_000} s`
    }
    return undefined
  })

  /** The documents of a batch that have to be judged again. */
  const judgeBatch = Effect.fnUntraced(function*(batch: ReadonlyArray<Document>) {
    const message = yield* given()
    if (message !== undefined) {
      for (const document of batch) refuse(document, { bundle: 0, message })
      return []
    }
    const judge = request(batch, "documents", now)
    const result = yield* Effect.result(workers.judge(set, judge, deadlineOf(batch.length)))
    if (result._tag === "Success") {
      const { dependsOnTime, findings } = result.success
      for (const [index, document] of batch.entries()) {
        judged.set(document, { findings: findings[index]!, holds: dependsOnTime ? "now" : "always" })
      }
      return []
    }
    const begun = counter(judge, 0)
    if (begun === 0) {
      const detail = `the policies could not be loaded: ${result.failure.detail}`
      return yield* new PolicyUnavailable({ detail, class: "transient" })
    }
    const suspect = batch[begun - 1]!
    const took = since(counter(judge, 2), stamp(yield* Clock.currentTimeMillis))
    const rest = batch.filter((document) => document !== suspect)
    if (yield* accuse(suspect, took, result.failure)) return [rest]
    const half = Math.ceil(rest.length / 2)
    return [rest.slice(0, half), rest.slice(half)]
  })

  const waiting = [...batches(documents)]
  for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) {
    if (batch.length > 0) waiting.unshift(...yield* judgeBatch(batch))
  }
  return judged
})
