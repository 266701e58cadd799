import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { at, type JsonObject } from "../domain/Json.ts"
import { PolicyUnavailable } from "../domain/StageError.ts"
import type { Finding, Judge } from "./protocol.ts"
import type { LoadedSet, WorkerLost, Workers } from "./Workers.ts"

/** One object for the gate: the text that policies see, and the object that it says. */
export interface Subject {
  readonly json: string
  readonly object: JsonObject
}

/** What the policies said about an object. `isLasting` is false where another time or another machine may say otherwise. */
export interface Judgement {
  readonly findings: ReadonlyArray<Finding>
  readonly isLasting: boolean
}

const maximumBatch = 200
const maximumBatchCharacters = 1_000_000
/** Objects that may run away before the rest is refused without a try. */
const maximumRunaways = 3

const perObject = 5

/** What the entrypoint has to answer to have seen this object: `object.get` in the words of `rules.rego`. */
const identityOf = (object: JsonObject): string => {
  const value = (...path: ReadonlyArray<string>) => {
    const found = at(object, ...path)
    return found === undefined ? "" : found
  }
  return JSON.stringify([
    value("apiVersion"),
    value("kind"),
    value("metadata", "namespace"),
    value("metadata", "name"),
    Object.keys(object).length
  ])
}

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

const request = (subjects: ReadonlyArray<Subject>, by: Judge["by"], now: bigint): Judge => {
  const texts = subjects.map(({ json }) => encoder.encode(json))
  return {
    type: "judge",
    by,
    bytes: joined(texts),
    lengths: texts.map(({ length }) => length),
    identities: subjects.map(({ object }) => identityOf(object)),
    progress: new SharedArrayBuffer(8),
    now
  }
}

const batches = (subjects: ReadonlyArray<Subject>): ReadonlyArray<ReadonlyArray<Subject>> => {
  const result: Array<Array<Subject>> = []
  let characters = Infinity
  for (const subject of subjects) {
    const last = result.at(-1)
    characters += subject.json.length
    if (last === undefined || last.length === maximumBatch || characters > maximumBatchCharacters) {
      result.push([subject])
      characters = subject.json.length
    } else last.push(subject)
  }
  return result
}

const counter = ({ progress }: Judge, index: 0 | 1): number => Atomics.load(new Int32Array(progress), index)

const place = (set: LoadedSet, rulesBegun: number): Pick<Finding, "bundle" | "rule"> => {
  let rule = rulesBegun - 1
  for (const [bundle, { rules }] of set.policies.entries()) {
    if (rule < rules && rule >= 0) return { bundle, rule }
    rule -= rules
  }
  return { bundle: 0 }
}

/**
 * Judges objects in worker threads: 2 s and 5 ms an object for each batch. An object whose evaluation runs away is
 * denied by an error that names the rule, and the rest goes on in a new thread; after three of them the rest is denied.
 */
export const evaluate = Effect.fnUntraced(function*(
  workers: Workers,
  set: LoadedSet,
  subjects: ReadonlyArray<Subject>,
  deadline = 2_000
) {
  const deadlineOf = (objects: number) => deadline + perObject * objects
  const now = BigInt(yield* Clock.currentTimeMillis) * 1_000_000n
  const judged = new Map<Subject, Judgement>()
  const refuse = (subject: Subject, finding: Omit<Finding, "isError">) =>
    judged.set(subject, { findings: [{ ...finding, isError: true }], isLasting: false })
  let runaways = 0

  /** Which rule does not come to an end: each is asked alone. */
  const accuse = Effect.fnUntraced(function*(subject: Subject, { detail, why }: WorkerLost) {
    runaways++
    const alone = request([subject], "rules", now)
    const culprit = yield* Effect.exit(workers.judge(set, alone, deadlineOf(1)))
    const message = why === "deadline"
      ? `the evaluation exceeded ${deadlineOf(1) / 1_000} s and was ended`
      : `the evaluation ended its thread: ${detail}`
    refuse(subject, { message, ...culprit._tag === "Failure" ? place(set, counter(alone, 1)) : { bundle: 0 } })
  })

  const judgeBatch = Effect.fnUntraced(function*(batch: ReadonlyArray<Subject>) {
    let waiting = batch
    while (waiting.length > 0) {
      if (runaways >= maximumRunaways) {
        const message = `not judged, because ${runaways} objects before it ran away`
        for (const subject of waiting) refuse(subject, { bundle: 0, message })
        return
      }
      const judge = request(waiting, "objects", now)
      const result = yield* Effect.result(workers.judge(set, judge, deadlineOf(waiting.length)))
      if (result._tag === "Success") {
        const { dependsOnTime, findings } = result.success
        for (const [index, subject] of waiting.entries()) {
          judged.set(subject, { findings: findings[index]!, isLasting: !dependsOnTime })
        }
        return
      }
      const begun = counter(judge, 0)
      if (begun === 0) {
        return yield* new PolicyUnavailable({ detail: `the policies could not be loaded: ${result.failure.detail}` })
      }
      const runaway = waiting[begun - 1]!
      yield* accuse(runaway, result.failure)
      waiting = waiting.filter((subject) => subject !== runaway)
    }
  })

  yield* Effect.forEach(batches(subjects), judgeBatch, { discard: true })
  return judged
})
