import * as Schema from "effect/Schema"
import { originOf, type Source, withPaths } from "./sources.ts"
import type { FileCoverage, PolicyTest } from "./TestRun.ts"

const Place = Schema.Struct({ file: Schema.String, row: Schema.Int, col: Schema.optionalKey(Schema.Int) })

const Case = Schema.Struct({ name: Schema.optionalKey(Schema.String), fail: Schema.optionalKey(Schema.Boolean) })

const Result = Schema.Struct({
  location: Schema.optionalKey(Schema.NullOr(Place)),
  package: Schema.String,
  name: Schema.String,
  fail: Schema.optionalKey(Schema.Boolean),
  skip: Schema.optionalKey(Schema.Boolean),
  error: Schema.optionalKey(
    Schema.Struct({
      message: Schema.String,
      code: Schema.optionalKey(Schema.String),
      location: Schema.optionalKey(Schema.NullOr(Place))
    })
  ),
  duration: Schema.Finite,
  /** Base64. */
  output: Schema.optionalKey(Schema.String),
  sub_results: Schema.optionalKey(Schema.Record(Schema.String, Case))
})
export type Result = typeof Result.Type

/** Reads what `opa test -f json` printed. */
export const decodeResults = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Array(Result)))

const Range = Schema.Struct({ start: Schema.Struct({ row: Schema.Int }), end: Schema.Struct({ row: Schema.Int }) })

const Report = Schema.fromJsonString(Schema.Struct({
  files: Schema.optionalKey(Schema.Record(
    Schema.String,
    Schema.Struct({
      not_covered: Schema.optionalKey(Schema.Array(Range)),
      covered_lines: Schema.optionalKey(Schema.Int),
      not_covered_lines: Schema.optionalKey(Schema.Int)
    })
  ))
}))

/** Reads what `opa test --coverage -f json` printed. */
export const decodeCoverage = Schema.decodeUnknownEffect(Report)

const statusOf = ({ error, fail, skip }: Result): PolicyTest["status"] =>
  error !== undefined ? "error" : skip === true ? "skipped" : fail === true ? "failed" : "passed"

/** What OPA names a test: `data.policies.images_test.test_latest`. */
export const fullName = ({ name, package: path }: Pick<Result, "name" | "package">): string => `${path}.${name}`

/**
 * What `opa test --var-values` says of each failure, by the test's full name: blocks under FAILURES, each below a line
 * with its name.
 */
export const explanationsOf = (
  text: string,
  known: ReadonlyArray<Source>
): ReadonlyMap<string, ReadonlyArray<string>> => {
  const found = new Map<string, Array<string>>()
  let current: Array<string> | undefined
  for (const line of text.slice(Math.max(0, text.indexOf("\nFAILURES\n"))).split("\n")) {
    const [, name] = /^(data\.\S+): FAIL \(/u.exec(line) ?? []
    if (name !== undefined) {
      current = []
      found.set(name, current)
    } else if (/^-{10,}$/u.test(line)) current = undefined
    else if (current !== undefined && line.trim() !== "") current.push(withPaths(known, line).trimEnd())
  }
  return new Map([...found].map(([name, lines]) => {
    const indents = lines.map((line) => /^ */u.exec(line)![0].length)
    return [name, lines.map((line) => line.slice(Math.min(...indents)).replaceAll("\t", "  "))]
  }))
}

/** A result in the author's file names. */
export const testOf = (
  result: Result,
  known: ReadonlyArray<Source>,
  explanations: ReadonlyMap<string, ReadonlyArray<string>>
): PolicyTest => {
  const { duration, error, location, name, output = "", package: path, sub_results = {} } = result
  const source = location == null ? undefined : originOf(known, location.file, location.row, location.col)
  const status = statusOf(result)
  return {
    package: path.replace(/^data\./u, ""),
    name,
    status,
    durationMs: duration / 1_000_000,
    ...source === undefined ? {} : { source },
    output: Buffer.from(output, "base64").toString("utf8"),
    cases: Object.entries(sub_results).filter(([, { fail }]) => fail === true).map(([key, one]) => one.name ?? key),
    explanation: error !== undefined
      ? withPaths(known, error.message).split("\n")
      : explanations.get(fullName(result)) ?? []
  }
}

/** Lines as ranges: what OPA says of expressions, said of lines. */
const rangesOf = (lines: ReadonlySet<number>): FileCoverage["uncovered"] => {
  const ranges: Array<[number, number]> = []
  for (const line of [...lines].sort((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last !== undefined && last[1] === line - 1) last[1] = line
    else ranges.push([line, line])
  }
  return ranges
}

/** Coverage of the policies themselves; the lines of the tests do not count. */
export const coverageOf = (report: typeof Report.Type, known: ReadonlyArray<Source>): ReadonlyArray<FileCoverage> =>
  Object.entries(report.files ?? {}).flatMap(([name, file]): ReadonlyArray<FileCoverage> => {
    const path = originOf(known, name)?.file
    if (path === undefined || path.endsWith("_test.rego")) return []
    const { covered_lines: covered = 0, not_covered = [], not_covered_lines = 0 } = file
    const lines = new Set<number>()
    for (const { end, start } of not_covered) {
      for (let line = start.row; line <= end.row; line++) lines.add(line)
    }
    return [{ file: path, lines: covered + not_covered_lines, covered, uncovered: rangesOf(lines) }]
  }).sort((a, b) => a.file < b.file ? -1 : 1)
