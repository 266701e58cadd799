import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { dirname, join } from "node:path"
import { InvalidSpec } from "../domain/StageError.ts"
import { type Given, textOf } from "./commandLine.ts"
import { Failures } from "./Failures.ts"
import * as print from "./print.ts"
import { scaffold } from "./scaffold.ts"
import { suggestion } from "./suggestion.ts"

const refuse = (detail: string, hint: string) => new Failures({ errors: [InvalidSpec.make({ detail, hint })] })

/** Words that Rego keeps for itself: no package can be called so. */
const kept = new Set(
  ("as contains data default else every false if import in input not null or package some true with and").split(" ")
)

const wordOf = Effect.fnUntraced(function*(what: string, name: string) {
  if (name.length > 63 || !/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/u.test(name)) {
    return yield* refuse(
      `${JSON.stringify(name)} cannot be the ${what}`,
      "Write words in small letters with dashes between them, at most 63 characters: image-digest-required."
    )
  }
  if (kept.has(name)) return yield* refuse(`${JSON.stringify(name)} is a word of Rego`, "Say more: not-privileged.")
  return name
})

/** Makes a policy that works, with its tests and samples, in a folder of its own. Overwrites nothing. */
export const policy = Effect.fn("policy")(function*(given: Given) {
  const [verb = "", operand = ""] = given.operands
  if (verb !== "new") {
    return yield* refuse(`sluice policy has no ${JSON.stringify(verb)}`, suggestion(verb, ["new"]))
  }
  const files = yield* FileSystem.FileSystem
  const name = yield* wordOf("id of a policy", operand)
  const asked = textOf(given, "category")
  const category = asked === undefined ? undefined : yield* wordOf("name of a category", asked)
  const folder = join(textOf(given, "dir") ?? "policies", category ?? "", name)
  const unwritable = (message: string) => refuse(message, "Name a folder that can be written with --dir.")
  const there = yield* Effect.mapError(files.exists(folder), ({ message }) => unwritable(message))
  if (there) return yield* refuse(`${folder} is there already`, "Choose another name, or remove it first.")
  const made = scaffold({ name, category, judges: given.switches.has("changeset") ? "changeset" : "object" })
  for (const [file, text] of Object.entries(made)) {
    const path = join(folder, file)
    yield* files.makeDirectory(dirname(path), { recursive: true }).pipe(
      Effect.andThen(files.writeFileString(path, text, { flag: "wx" })),
      Effect.mapError(({ message }) => unwritable(message))
    )
    yield* print.result(path)
  }
  const denied = join(folder, given.switches.has("changeset") ? "denied.json" : "denied.yaml")
  yield* print.aside(`Try: sluice test ${folder}, sluice check ${denied} --policy ${folder}`)
  return 0
})
