import { readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { parseAllDocuments } from "yaml"
import type { JsonObject } from "../../../src/domain/Json.ts"

/** A case of a Gatekeeper Suite (`test.gatekeeper.sh`), with its files read. */
export interface Case {
  readonly name: string
  readonly template: string
  readonly constraint: string
  readonly object: JsonObject
  readonly inventory: ReadonlyArray<JsonObject>
  readonly assertions: ReadonlyArray<{ readonly violations?: string | number | boolean; readonly message?: string }>
}

export const objectsIn = (text: string): ReadonlyArray<JsonObject> =>
  parseAllDocuments(text).flatMap((document) => {
    const value = document.toJS() as JsonObject | null
    return value === null ? [] : [value]
  })

interface Suite {
  readonly tests: ReadonlyArray<{
    readonly name: string
    readonly template: string
    readonly constraint: string
    readonly cases?: ReadonlyArray<{
      readonly name: string
      readonly object: string
      readonly inventory?: ReadonlyArray<string>
      readonly assertions: Case["assertions"]
    }>
  }>
}

const filesBelow = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".yaml"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()

/** Every Suite below a folder, and all of their cases. */
export const suitesBelow = (folder: string): { readonly suites: number; readonly cases: ReadonlyArray<Case> } => {
  const suites = filesBelow(folder).flatMap((path) => {
    const text = readFileSync(path, "utf8")
    return /^kind:\s*"?Suite"?\s*$/mu.test(text) && text.includes("test.gatekeeper.sh")
      ? [{ path, suite: objectsIn(text)[0] as unknown as Suite }]
      : []
  })
  return {
    suites: suites.length,
    cases: suites.flatMap(({ path, suite }) =>
      suite.tests.flatMap((test) =>
        (test.cases ?? []).map((one): Case => {
          const read = (name: string) => readFileSync(join(dirname(path), name), "utf8")
          return {
            name: `${path.slice(folder.length + 1)} ${test.name}/${one.name}`,
            template: read(test.template),
            constraint: read(test.constraint),
            object: objectsIn(read(one.object))[0]!,
            inventory: (one.inventory ?? []).flatMap((name) => objectsIn(read(name))),
            assertions: one.assertions
          }
        })
      )
    )
  }
}

/** What of an assertion does not hold of the messages, as `gator verify` means it. */
export const unmet = (assertions: Case["assertions"], messages: ReadonlyArray<string>): ReadonlyArray<string> =>
  assertions.flatMap(({ message, violations = "yes" }) => {
    const matching = messages.filter((one) => message === undefined || new RegExp(message, "u").test(one)).length
    const holds = typeof violations === "number"
      ? matching === violations
      : violations === "yes" || violations === true
      ? matching > 0
      : matching === 0
    return holds ? [] : [`${matching} violations match ${JSON.stringify(message ?? "")}, wanted ${String(violations)}`]
  })
