import { isMap, isNode, isScalar, isSeq, LineCounter, parseAllDocuments, type YAMLError } from "yaml"
import type { Origin } from "../domain/Manifest.ts"
import { InvalidSpec } from "../domain/StageError.ts"

const maximumDocuments = 1_000
/** An alias bomb needs many aliases of aliases; people need a handful. */
const maximumAliases = 100

/** One document of a YAML file, and where each of its fields stands. */
export interface YamlDocument {
  readonly value: unknown
  /** The place of a field (of its key, if it has one); of the nearest parent that exists. */
  readonly place: (path: ReadonlyArray<PropertyKey>) => Origin
}

/** The parser quotes the text that it stumbled over; it may be a secret. */
const told = ({ message }: YAMLError): string =>
  message.startsWith("Maximum call stack") ? "nested too deep" : message.replace(/: ["'{[].*$/su, "")

/** Every document of a file that people wrote. What does not parse is told with line and column, all of it. */
export const yamlDocuments = (
  file: string,
  text: string
): { readonly documents: ReadonlyArray<YamlDocument>; readonly errors: ReadonlyArray<InvalidSpec> } => {
  const counter = new LineCounter()
  const at = (offset: number): Origin => {
    const { col, line } = counter.linePos(offset)
    return { file, line, column: col }
  }
  const refuse = (detail: string, origin: Origin = { file }) =>
    InvalidSpec.make({ detail, origin, hint: "Mend the file: it has to be YAML." })
  try {
    const parsed = parseAllDocuments(text, { lineCounter: counter, prettyErrors: false, stringKeys: true })
    const found = [...parsed].filter(({ contents, errors }) => contents !== null || errors.length > 0)
    if (found.length > maximumDocuments) {
      return { documents: [], errors: [refuse(`holds more than ${maximumDocuments} documents`)] }
    }
    // What follows the first error of a document is mostly its consequence.
    const errors = found.flatMap(({ errors }) => errors.slice(0, 1).map((e) => refuse(told(e), at(e.pos[0]))))
    if (errors.length > 0) return { documents: [], errors }
    const documents = found.map((document): YamlDocument => ({
      value: document.toJS({ maxAliasCount: maximumAliases }),
      place: (path) => {
        let node: unknown = document.contents
        let offset = document.contents?.range?.[0] ?? 0
        for (const step of path) {
          const pair = isMap(node) ? node.items.find(({ key }) => isScalar(key) && key.value === step) : undefined
          const named: unknown = pair?.key ?? (isSeq(node) ? node.items[Number(step)] : undefined)
          if (!isNode(named)) break
          offset = named.range?.[0] ?? offset
          node = pair === undefined ? named : pair.value
        }
        return at(offset)
      }
    }))
    return { documents, errors: [] }
  } catch (cause) {
    // The parser throws where a limit is passed: too many aliases, or nesting beyond the stack.
    return {
      documents: [],
      errors: [
        refuse(
          cause instanceof RangeError
            ? "nested too deep"
            : "expands to too much: more aliases than a file written by a person has"
        )
      ]
    }
  }
}
