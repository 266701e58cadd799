import { entrypoint } from "./entrypoint.ts"
import { EvaluationError, type Host } from "./host.ts"
import { plain } from "./plain.ts"
import { type Finding, maximumBytes } from "./protocol.ts"
import { isArray, RegoObject, RegoSet, type RegoValue } from "./regoValue.ts"
import type { Subject } from "./Rule.ts"

const maximumFindings = { object: 100, changeset: 1_000, combined: 1_000, review: 100 }
const maximumMessage = 4_096
const maximumDepth = 500

const cut = (text: string): string => text.length <= maximumMessage ? text : `${text.slice(0, maximumMessage)}…`

/** Whether JSON text nests deeper than is allowed; strings are passed over. */
const isDeep = (json: Uint8Array): boolean => {
  let depth = 0
  for (let index = 0; index < json.length; index++) {
    const byte = json[index]
    if (byte === 0x22) {
      for (index++; index < json.length && json[index] !== 0x22; index++) if (json[index] === 0x5c) index++
    } else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > maximumDepth) return true
    } else if (byte === 0x7d || byte === 0x5d) depth--
  }
  return false
}

type Result = Omit<Finding, "bundle" | "rule">

/** A policy may say where something is; it must not make a link that leads elsewhere. */
const isRepositoryPath = (file: string): boolean =>
  file !== "" && file.split("/").every((part) => part !== "" && part !== "..") && !file.includes(":")

const locationOf = (result: RegoObject): Pick<Finding, "location"> => {
  const location = result.get("_loc")
  if (!(location instanceof RegoObject)) return {}
  const file = location.get("file")
  const line = location.get("line")
  if (typeof file !== "string" || !isRepositoryPath(file)) return {}
  return { location: { file: cut(file), ...typeof line === "number" && line > 0 ? { line } : {} } }
}

const operationOf = (result: RegoObject): Pick<Finding, "operation"> => {
  const operation = result.get("operation")
  return typeof operation === "string" ? { operation: cut(operation) } : {}
}

const pathOf = (result: RegoObject): Pick<Finding, "path"> => {
  const details = result.get("details")
  const path = result.get("path") ?? (details instanceof RegoObject ? details.get("path") : undefined)
  return path === undefined ? {} : { path: plain(path) }
}

/** A member of a rule's set: text, or an object with `msg`. Anything else is an error, not a pass. */
const resultOf = (value: RegoValue): Result => {
  if (typeof value === "string") return { message: cut(value) }
  const message = value instanceof RegoObject ? value.get("msg") : undefined
  if (!(value instanceof RegoObject) || typeof message !== "string") {
    return { message: "a result is neither a text nor an object with a text `msg`", isError: true }
  }
  return { message: cut(message), ...locationOf(value), ...pathOf(value), ...operationOf(value) }
}

const resultsOf = (value: RegoValue): ReadonlyArray<Result> => {
  if (value instanceof RegoSet) return value.items.map(resultOf)
  if (isArray(value)) return value.map(resultOf)
  return [{ message: "the rule's value is not a set of results", isError: true }]
}

const findingsOf = (answer: RegoValue | undefined, identity: string, bundle: number): ReadonlyArray<Finding> => {
  const saw = answer instanceof RegoObject ? answer.get("saw") : undefined
  const found = answer instanceof RegoObject ? answer.get("found") : undefined
  if (saw === undefined || JSON.stringify(plain(saw)) !== identity) {
    return [{ bundle, message: "the policies did not see this document", isError: true }]
  }
  if (!(found instanceof RegoObject)) return [{ bundle, message: "the policies gave no answer", isError: true }]
  const excepted = answer instanceof RegoObject ? answer.get("excepted") : undefined
  return found.entries.flatMap(([rule, results]) => {
    const isExcepted = excepted instanceof RegoObject && excepted.get(rule) === true
      ? { isExcepted: true as const }
      : {}
    return resultsOf(results).map((result): Finding =>
      Object.assign(result, { bundle, rule: Number(rule) }, result.isError === true ? {} : isExcepted)
    )
  })
}

/** Findings that one waiver, one severity and one error hold for alike. */
const groupOf = ({ isError, operation, rule }: Finding): string => JSON.stringify([rule, isError, operation])

/**
 * The first ones in a stable order, and how many there are besides: of each rule, and each operation that it names, one
 * at least. Those of one rule, which may only warn or be waived, take none away from another.
 */
const capped = (findings: ReadonlyArray<Finding>, most: number): ReadonlyArray<Finding> => {
  if (findings.length <= most) return findings
  const sorted = [...findings].sort((a, b) => (a.rule ?? -1) - (b.rule ?? -1) || (a.message < b.message ? -1 : 1))
  const groups = [...Map.groupBy(sorted, groupOf).values()]
  const shares = new Map<ReadonlyArray<Finding>, number>()
  let [left, waiting] = [most, groups.length]
  for (const group of [...groups].sort((a, b) => a.length - b.length)) {
    const share = Math.min(group.length, Math.max(1, Math.floor(left / waiting)))
    shares.set(group, share)
    left -= share
    waiting--
  }
  return groups.flatMap((group) => {
    const [share, { location: _location, path: _path, ...first }] = [shares.get(group)!, group[0]!]
    const rest = group.length - share
    return rest === 0
      ? group
      : group.slice(0, share).concat(Object.assign(first, { message: `and ${rest} more findings` }))
  })
}

/**
 * What one compiled bundle says about one document (JSON text).
 *
 * Whatever keeps it from a full answer is a finding with `isError`: an object over 1.5 MB, a changeset over 16 MB, nesting
 * deeper than 500, a conflict of rules, memory, an answer about another document.
 */
export const judge = (
  host: Host,
  judges: Subject,
  bundle: number,
  document: Uint8Array,
  identity: string
): ReadonlyArray<Finding> => {
  const failed = (message: string): ReadonlyArray<Finding> => [{ bundle, message: cut(message), isError: true }]
  const most = maximumBytes[judges]
  if (document.length > most) return failed(`it is larger than ${most} bytes`)
  if (isDeep(document)) return failed(`it is nested deeper than ${maximumDepth}`)
  try {
    const answer = host.evaluate(entrypoint(judges), document)
    return capped(findingsOf(answer, identity, bundle), maximumFindings[judges])
  } catch (error) {
    return failed(error instanceof EvaluationError ? error.message : "the answer could not be read")
  }
}
