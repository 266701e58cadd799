import { isScalar } from "yaml"
import { at, isJsonObject, type JsonObject } from "../../domain/Json.ts"
import { nodeIn } from "../../domain/locateIn.ts"
import type { Origin } from "../../domain/Manifest.ts"
import { groupOf } from "../../domain/ObjectRef.ts"
import { placeOf, readDocuments } from "../../domain/readYaml.ts"
import type { Problem } from "../compileErrors.ts"

const templateGroup = "templates.gatekeeper.sh"
const constraintGroup = "constraints.gatekeeper.sh"

interface Lines {
  readonly line: number
  readonly endLine: number
}

/** A template or a constraint as it is written among the policies. */
export interface Resource {
  readonly object: JsonObject
  /** The place of a field, or of the nearest parent that is there. */
  readonly place: (path: ReadonlyArray<PropertyKey>) => Origin
  /** The line in the file on which a text begins whose lines are the file's lines; undefined for all other texts. */
  readonly firstLine: (path: ReadonlyArray<PropertyKey>) => number | undefined
  /** All of it, from line to line. */
  readonly lines: Lines & { readonly file: string }
  /** A field, from the line of its key to its last one; undefined where it is not there. */
  readonly linesOf: (path: ReadonlyArray<PropertyKey>) => Lines | undefined
}

/** They are read while everything else of the agent waits. */
const maximumBytes = 1024 * 1024
const maximumResources = 1_000

interface File {
  readonly path: string
  readonly content: Uint8Array
}

/** Whether a file may hold templates or constraints: only such a file is read as YAML. */
export const mayHoldResources = ({ content, path }: File): boolean =>
  /\.(json|ya?ml)$/u.test(path) &&
  /\b(?:templates|constraints)\.gatekeeper\.sh\b/u.test(Buffer.from(content).toString())

const groupOfResource = (object: JsonObject): string | undefined => {
  const { apiVersion } = object
  const group = typeof apiVersion === "string" ? groupOf(apiVersion) : ""
  return group === templateGroup || group === constraintGroup ? group : undefined
}

/** The objects of a document, a list's one by one, with the path that leads to each. */
const objectsOf = (
  value: unknown,
  path: ReadonlyArray<PropertyKey> = []
): ReadonlyArray<{ readonly object: JsonObject; readonly path: ReadonlyArray<PropertyKey> }> => {
  if (!isJsonObject(value)) return []
  const { items, kind } = value
  return typeof kind === "string" && kind.endsWith("List") && Array.isArray(items)
    ? items.flatMap((item, index) => objectsOf(item, [...path, "items", index]))
    : [{ object: value, path }]
}

/** Templates and constraints among the files of a bundle, in the order of the files: at most 1,000, in 1 MiB of YAML. */
export const resources = (files: ReadonlyArray<File>): {
  readonly templates: ReadonlyArray<Resource>
  readonly constraints: ReadonlyArray<Resource>
  readonly problems: ReadonlyArray<Problem>
} => {
  const templates: Array<Resource> = []
  const constraints: Array<Resource> = []
  const problems: Array<Problem> = []
  const tooMuch = (what: string) => {
    const message = `the templates and constraints are more than ${what}: leave out what is none of them`
    return { templates: [], constraints: [], problems: [{ message }] }
  }
  const held = files.filter(mayHoldResources)
  if (held.reduce((sum, { content }) => sum + content.length, 0) > maximumBytes) return tooMuch("1 MiB")
  for (const file of held) {
    const text = Buffer.from(file.content).toString("utf8")
    const read = readDocuments(text)
    if ("problem" in read) {
      const { column, detail, line } = read.problem
      problems.push({ message: detail, origin: { file: file.path, line, column } })
      continue
    }
    for (const { node, value } of read.documents) {
      for (const { object, path: above } of objectsOf(value)) {
        const group = groupOfResource(object)
        if (group === undefined) continue
        if (templates.length + constraints.length === maximumResources) return tooMuch(`${maximumResources}`)
        const find = (path: ReadonlyArray<PropertyKey>) => nodeIn(node, [...above, ...path])
        const linesOf = (path: ReadonlyArray<PropertyKey>): Lines | undefined => {
          const found = find(path)
          if (found === undefined) return undefined
          const { line } = placeOf(text, found.offset)
          // A node ends where the next one may begin.
          const end = text.slice(0, found.node?.range?.[1] ?? found.offset).trimEnd().length
          return { line, endLine: Math.max(line, placeOf(text, end).line) }
        }
        const resource: Resource = {
          object,
          lines: { file: file.path, line: 1, endLine: 1, ...linesOf([]) },
          linesOf,
          place: (path) => {
            for (let length = path.length; length >= 0; length--) {
              const found = find(path.slice(0, length))
              if (found !== undefined) return { file: file.path, ...placeOf(text, found.offset) }
            }
            return { file: file.path }
          },
          firstLine: (path) => {
            const scalar = find(path)?.node
            if (!isScalar(scalar) || scalar.type !== "BLOCK_LITERAL") return undefined
            return placeOf(text, scalar.range?.[0] ?? 0).line + 1
          }
        }
        if (group === constraintGroup) constraints.push(resource)
        else if (at(object, "kind") === "ConstraintTemplate") templates.push(resource)
        else problems.push({ message: "this is no ConstraintTemplate", origin: resource.place(["kind"]) })
      }
    }
  }
  return { templates, constraints, problems }
}
