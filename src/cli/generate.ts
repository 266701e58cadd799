import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { fileURLToPath } from "node:url"
import { errorPage, InvalidSpec, type StageError } from "../domain/StageError.ts"
import type { Given } from "./commandLine.ts"
import { Failures } from "./Failures.ts"
import { help, helpOf } from "./help.ts"
import * as print from "./print.ts"
import { verbNames, verbOf } from "./verbs.ts"

const block = (text: string): string => ["```text", text.trimEnd(), "```"].join("\n")

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "&lt;")

/** The reference of the command line: every verb's help, and every error with what would help. */
export const reference: string = [
  "<!-- Made by `sluice generate`. -->",
  "# The command line",
  "",
  block(help),
  ...verbNames.flatMap((name) =>
    verbOf(name).hidden === true ? [] : ["", `## sluice ${name}`, "", block(helpOf(name))]
  ),
  "",
  "## Errors",
  "",
  "*transient* is tried again with growing pauses, *stalled* waits for a new revision or a change of the Delivery,",
  "*blocked* waits for a person. Where more is known, the message says it.",
  "",
  "| reason | stage | then | exit code | what helps |",
  "|---|---|---|---|---|",
  ...(Object.keys(errorPage) as ReadonlyArray<StageError["_tag"]>).map((reason) => {
    const { class: then, exitCode, help, stage } = errorPage[reason]
    return `| ${[reason, stage, then, exitCode, cell(help)].join(" | ")} |`
  }),
  ""
].join("\n")

/** Every file that is made from the sources. */
const made: ReadonlyArray<{ readonly file: URL; readonly text: string }> = [
  { file: new URL("./README.md", import.meta.url), text: reference }
]

/** Writes what is made from the sources; with `--check`, writes nothing and answers 1 where it is stale. */
export const generate = Effect.fn("generate")(function*({ switches }: Given) {
  const files = yield* FileSystem.FileSystem
  let stale = 0
  for (const { file, text } of made) {
    const path = fileURLToPath(file)
    const old = yield* Effect.orElseSucceed(files.readFileString(path), () => "")
    if (old === text) continue
    stale++
    if (switches.has("check")) {
      yield* print.aside(`${path} is stale: run npm run generate`)
      continue
    }
    yield* Effect.mapError(
      files.writeFileString(path, text),
      ({ message }) =>
        new Failures({
          errors: [
            InvalidSpec.make({ detail: message, hint: "sluice generate writes into a checkout of its sources." })
          ]
        })
    )
  }
  return switches.has("check") && stale > 0 ? 1 : 0
})
