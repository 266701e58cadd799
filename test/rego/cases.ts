import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { execFileSync } from "node:child_process"
import { join } from "node:path"
import { isMap, isScalar, isSeq, type Node, parseDocument } from "yaml"
import { emit } from "../../src/policy/regoText.ts"
import { numberFrom, RegoObject, type RegoValue } from "../../src/policy/regoValue.ts"
import { readPin, toolsDirectory } from "../../src/programs/pins.ts"

/** A case of OPA's own compliance suite. */
export interface Case {
  readonly version: "v0" | "v1"
  /** Below the folder of its version. */
  readonly file: string
  readonly note: string
  readonly query: string
  readonly modules: ReadonlyArray<string>
  /** JSON text of what stands under `data`. */
  readonly data: string
  /** Text of a Rego value; undefined without input. */
  readonly input: string | undefined
  readonly variables: ReadonlyArray<string>
  readonly expected: Expected
}

export type Expected =
  /** `results` is the text of an array of objects: a case has to survive the way into a thread. */
  | { readonly type: "results"; readonly results: string; readonly isSorted: boolean }
  | { readonly type: "defined"; readonly isDefined: boolean }
  | { readonly type: "error"; readonly code: string }

const integer = /^[-+]?\d+$/

/** A YAML node as Go's decoder hands it to OPA: numbers keep their text. */
const valueOf = (node: Node | null | undefined): RegoValue => {
  if (isSeq<Node>(node)) return node.items.map(valueOf)
  if (isMap<Node, Node>(node)) {
    return new RegoObject(
      node.items.map(({ key, value }) => [String(isScalar(key) ? key.source ?? key.value : key), valueOf(value)])
    )
  }
  if (!isScalar(node) || node.value === null) return null
  const { source, value } = node
  if (typeof value === "boolean" || typeof value === "string") return value
  return numberFrom(
    typeof value === "number" || typeof value === "bigint"
      ? integer.test(source ?? "") ? source! : String(value)
      : String(value)
  )
}

const textOf = (value: RegoValue | undefined): string | undefined => typeof value === "string" ? value : undefined

const expectedOf = (field: (name: string) => RegoValue | undefined): Expected => {
  const defined = field("want_defined")
  if (typeof defined === "boolean") return { type: "defined", isDefined: defined }
  const results = field("want_result")
  if (Array.isArray(results)) {
    return { type: "results", results: emit(results), isSorted: field("sort_bindings") === true }
  }
  // wasm knows no strict errors: what is one has no result, as in OPA's own test of its wasm.
  if (field("strict_error") === true) return { type: "results", results: "[]", isSorted: false }
  const code = textOf(field("want_error_code"))
  return code === undefined ? { type: "results", results: "[]", isSorted: false } : { type: "error", code }
}

/** Rego allows it, the parser of OPA's wasm does not. */
const trailingComma = /,\s*([}\]])/g

const caseOf = (version: Case["version"], file: string, entry: RegoValue): Case => {
  const field = (name: string) => entry instanceof RegoObject ? entry.get(name) : undefined
  const expected = expectedOf(field)
  const results = field("want_result")
  const first = Array.isArray(results) ? results[0] as RegoValue | undefined : undefined
  const modules = field("modules")
  const input = field("input")
  return {
    version,
    file,
    note: textOf(field("note"))!,
    query: textOf(field("query"))!,
    modules: Array.isArray(modules) ? modules.map(String) : [],
    data: emit(field("data") ?? new RegoObject([])),
    input: textOf(field("input_term"))?.replace(trailingComma, "$1") ?? (input === undefined ? undefined : emit(input)),
    variables: first instanceof RegoObject ? first.entries.map(([name]) => String(name)) : [],
    expected
  }
}

const casesOf = (version: Case["version"], file: string, text: string): ReadonlyArray<Case> => {
  const document = parseDocument(text, { version: "1.1", intAsBigInt: true, uniqueKeys: false })
  const root = valueOf(document.contents)
  const cases = root instanceof RegoObject ? root.get("cases") : undefined
  return Array.isArray(cases) ? cases.map((entry: RegoValue) => caseOf(version, file, entry)) : []
}

const go = (folder: string, ...parameters: ReadonlyArray<string>) =>
  execFileSync("go", parameters, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] })

/** The folder of OPA's cases in Go's module cache, of the version that `deploy/tools` pins; fetched if it is not there. */
export const casesFolder = Effect.gen(function*() {
  const { version } = yield* readPin("opa")
  const module = `github.com/open-policy-agent/opa@${version}`
  const downloaded: { readonly Dir: string } = JSON.parse(
    go(join(toolsDirectory, "opa"), "mod", "download", "-json", module)
  )
  return join(downloaded.Dir, "v1", "test", "cases", "testdata")
})

/** Every case of a version, in a fixed order. */
export const readCases = Effect.fnUntraced(function*(version: Case["version"]) {
  const files = yield* FileSystem.FileSystem
  const folder = join(yield* casesFolder, version)
  const names = (yield* files.readDirectory(folder, { recursive: true })).filter((name) => name.endsWith(".yaml"))
    .sort()
  const texts = yield* Effect.forEach(names, (name) => files.readFileString(join(folder, name)))
  return names.flatMap((name, index) => casesOf(version, name, texts[index]!))
})
