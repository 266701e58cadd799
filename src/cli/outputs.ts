import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { Redactions } from "../domain/redact.ts"
import { InvalidSpec } from "../domain/StageError.ts"
import { type Paint, painting, plain } from "./color.ts"
import { Failures } from "./Failures.ts"
import { result } from "./print.ts"
import { suggestion } from "./suggestion.ts"

/** Writers of one kind of report by the names of their formats; each is loaded when it is asked for. */
export type Formats<Name extends string, Report> = {
  readonly [Format in Name]: () => Promise<(report: Report, paint: Paint) => string>
}

/** One `-o FORMAT[=FILE]`; without a file it goes to stdout. */
export interface Output<Name extends string> {
  readonly format: Name
  readonly file: string | undefined
}

const refuse = (detail: string, hint: string) => InvalidSpec.make({ detail, hint })

/** What the `-o` flags ask for; one goes to stdout, the table if none is meant to: whoever reads a log sees why. */
export const outputsOf = <Name extends string>(
  flags: ReadonlyArray<string>,
  formats: Formats<Name, never>
): Effect.Effect<ReadonlyArray<Output<Name>>, Failures> => {
  const isFormat = (name: string): name is Name => Object.hasOwn(formats, name)
  const named = flags.map((flag) => {
    const cut = flag.indexOf("=")
    return cut === -1 ? { name: flag, file: undefined } : { name: flag.slice(0, cut), file: flag.slice(cut + 1) }
  })
  const asked = named.some(({ file }) => file === undefined) ? named : [{ name: "table", file: undefined }, ...named]
  const toStdout = asked.filter(({ file }) => file === undefined)
  const errors = [
    ...asked.filter(({ name }) => !isFormat(name)).map(({ name }) =>
      refuse(`-o: there is no format ${JSON.stringify(name)}`, suggestion(name, Object.keys(formats)))
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
export const write = Effect.fnUntraced(function*<Name extends string, Report>(
  report: Report,
  outputs: ReadonlyArray<Output<Name>>,
  formats: Formats<Name, Report>
) {
  const files = yield* FileSystem.FileSystem
  const redactions = yield* Redactions
  for (const { file, format } of outputs) {
    const writer = yield* Effect.promise(() => formats[format]())
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
