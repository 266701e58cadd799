import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { Redactions } from "../domain/redact.ts"
import { InvalidSpec } from "../domain/StageError.ts"
import type { CheckReport } from "./CheckReport.ts"
import { painting, plain } from "./color.ts"
import { Failures } from "./Failures.ts"
import { result } from "./print.ts"
import { type Format, formatNames, formats } from "./report/Format.ts"
import { suggestion } from "./suggestion.ts"

/** One `-o FORMAT[=FILE]`; without a file it goes to stdout. */
export interface Output {
  readonly format: Format
  readonly file: string | undefined
}

const refuse = (detail: string, hint: string) => InvalidSpec.make({ detail, hint })

const isFormat = (name: string): name is Format => formatNames.some((format) => format === name)

/** What the `-o` flags ask for; one goes to stdout, the table if none is meant to: whoever reads a log sees why. */
export const outputsOf = (flags: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<Output>, Failures> => {
  const named = flags.map((flag) => {
    const cut = flag.indexOf("=")
    return cut === -1 ? { name: flag, file: undefined } : { name: flag.slice(0, cut), file: flag.slice(cut + 1) }
  })
  const asked = named.some(({ file }) => file === undefined) ? named : [{ name: "table", file: undefined }, ...named]
  const toStdout = asked.filter(({ file }) => file === undefined)
  const errors = [
    ...asked.filter(({ name }) => !isFormat(name)).map(({ name }) =>
      refuse(`-o: there is no format ${JSON.stringify(name)}`, suggestion(name, formatNames))
    ),
    ...asked.filter(({ file }) => file === "").map(({ name }) =>
      refuse(`-o ${name}= names no file`, `Write -o ${name}=FILE, or -o ${name} for stdout.`)
    ),
    ...toStdout.length <= 1 ? [] : [
      refuse(
        `-o: ${toStdout.map(({ name }) => name).join(" and ")} would ${
          toStdout.length === 2 ? "both" : "all"
        } go to stdout`,
        "Give all but one a file: -o FORMAT=FILE."
      )
    ]
  ]
  return errors.length > 0
    ? Effect.fail(new Failures({ errors }))
    : Effect.succeed(asked.flatMap(({ file, name }) => isFormat(name) ? [{ format: name, file }] : []))
}

/** Writes a report everywhere it was asked for. */
export const write = Effect.fnUntraced(function*(report: CheckReport, outputs: ReadonlyArray<Output>) {
  const files = yield* FileSystem.FileSystem
  const redactions = yield* Redactions
  for (const { file, format } of outputs) {
    const writer = yield* Effect.promise(formats[format])
    if (file === undefined) {
      yield* result(writer(report, painting(process.stdout)))
      continue
    }
    yield* Effect.mapError(
      files.writeFileString(file, redactions.redact(writer(report, plain))),
      ({ reason }) =>
        new Failures({
          errors: [refuse(
            `cannot write ${file}: ${reason._tag === "NotFound" ? "its folder does not exist" : reason._tag}`,
            "Name a file that can be written."
          )]
        })
    )
  }
})
