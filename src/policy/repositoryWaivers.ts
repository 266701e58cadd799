import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from "yaml"
import { Waiver as WrittenWaiver } from "../api/v1alpha1/PolicyBundle.ts"
import { problemsOf, written } from "../api/v1alpha1/problems.ts"
import type { Waiver } from "../domain/Decision.ts"
import type { Origin } from "../domain/Manifest.ts"
import { PolicyUnavailable } from "../domain/StageError.ts"

const maximumWaivers = 256
/** 64 KiB for all files of a repository: they are read while everything else of the agent waits. */
export const maximumBytes = 64 * 1024
/** Of a longer file one mistake is told. */
const mostWithAllMistakes = 8 * 1024

const Written = Schema.Struct({
  waivers: Schema.Array(WrittenWaiver).check(
    Schema.isMaxLength(maximumWaivers, { expected: `at most ${maximumWaivers} waivers` })
  )
})

const hint = "waivers: [{policy, objects: [{kind, namespace, name}], reason, owner, until: \"2026-12-31T00:00:00Z\"}]"

/** The offset of a field, or of the nearest that is there above it. */
const offsetOf = (contents: unknown, path: ReadonlyArray<PropertyKey>): number => {
  let node = contents
  let offset = isNode(node) ? node.range?.[0] ?? 0 : 0
  for (const step of path) {
    const pair = isMap(node) ? node.items.find(({ key }) => isScalar(key) && key.value === step) : undefined
    const named: unknown = pair?.key ?? (isSeq(node) ? node.items[Number(step)] : undefined)
    if (!isNode(named)) break
    offset = named.range?.[0] ?? offset
    node = pair === undefined ? named : pair.value
  }
  return offset
}

/** A key that is there twice. The parser would compare each with each. */
const repeated = (document: Document): number | undefined => {
  let found: number | undefined
  visit(document, {
    Map: (_, { items }) => {
      const known = new Set<unknown>()
      for (const { key } of items) {
        const name = isScalar(key) ? key.value : key
        if (known.has(name)) found ??= isNode(key) ? key.range?.[0] ?? 0 : 0
        known.add(name)
      }
      return found === undefined ? undefined : visit.BREAK
    }
  })
  return found
}

/**
 * Reads the waivers of a repository, each with its place. A file that is not wholly understood is an error with its line:
 * a misspelt `objects` would waive everything.
 */
export const repositoryWaivers = (
  file: string,
  content: Uint8Array
): Result.Result<ReadonlyArray<Waiver>, PolicyUnavailable> => {
  const counter = new LineCounter()
  const at = (offset: number): Origin => {
    const { col, line } = counter.linePos(offset)
    return { file, line, column: col }
  }
  const refuse = (detail: string, origin: Origin) => Result.fail(new PolicyUnavailable({ detail, origin, hint }))
  if (content.length > maximumBytes) return refuse(`is larger than ${maximumBytes} bytes`, { file })
  const text = Result.try(() => new TextDecoder("utf-8", { fatal: true }).decode(content))
  if (Result.isFailure(text)) return refuse("is not UTF-8", { file })
  // The parser throws where it is nested too deep; the aliases of a bomb are counted when the value is made.
  const parsed = Result.try(() => {
    const options = { lineCounter: counter, prettyErrors: false, stringKeys: true, uniqueKeys: false }
    const document = parseDocument(text.success, options)
    const twice = document.errors.length > 0 ? undefined : repeated(document)
    const isSound = document.errors.length === 0 && twice === undefined
    return { document, twice, value: isSound ? document.toJS({ maxAliasCount: 10 }) as unknown : undefined }
  })
  if (Result.isFailure(parsed)) return refuse("is nested too deep, or expands to too much", { file })
  const { document, twice, value } = parsed.success
  const [error] = document.errors
  if (error !== undefined) return refuse(error.message.replace(/: ["'{[].*$/su, ""), at(error.pos[0]))
  if (twice !== undefined) return refuse("Map keys must be unique", at(twice))
  const errors = content.length > mostWithAllMistakes ? "first" : "all"
  const decoded = Schema.decodeUnknownResult(Written)(value, { errors, onExcessProperty: "error" })
  if (Result.isFailure(decoded)) {
    const problems = problemsOf(decoded.failure)
    const [first] = problems
    const told = problems.slice(0, 5).map(({ message, path, what }) => {
      const { line } = at(offsetOf(document.contents, path))
      const says = what === "UnexpectedKey" ? "no field of a waiver" : what === "MissingKey" ? "is missing" : message
      return `${path.length === 0 ? "" : `${written(path)} (line ${line}): `}${says}`
    })
    return refuse(told.join("; "), at(offsetOf(document.contents, first?.path ?? [])))
  }
  const waivers = decoded.success.waivers.map(({ objects = [], owner, policy, reason, until }, index): Waiver => ({
    policy,
    objects,
    reason,
    owner,
    until,
    where: at(offsetOf(document.contents, ["waivers", index]))
  }))
  return Result.succeed(waivers)
}
