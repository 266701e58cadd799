import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { stringify } from "yaml"
import { definitions } from "../api/v1alpha1/crd.ts"
import type { JsonObject } from "../domain/Json.ts"
import { errorPage, InvalidSpec, type StageError } from "../domain/StageError.ts"
import { schemas, schemaText } from "../policy/schemas.ts"
import type { Given } from "./commandLine.ts"
import { Failures } from "./Failures.ts"
import { help, helpOf } from "./help.ts"
import * as print from "./print.ts"
import { chart } from "./shipped/chart.ts"
import { rightsPage } from "./shipped/rightsPage.ts"
import { suggestion } from "./suggestion.ts"
import { troubleshooting } from "./troubleshooting.ts"
import { verbNames, verbOf } from "./verbs.ts"

const block = (text: string): string => ["```text", text.trimEnd(), "```"].join("\n")

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "&lt;")

/** Where the sections of the reasons are, from the reference. */
const page = "../../deploy/docs/troubleshooting.md"

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
    const more = `[${reason}](${page}#${reason.toLowerCase()})`
    return `| ${[more, stage, then, exitCode, cell(help)].join(" | ")} |`
  }),
  ""
].join("\n")

/** Where the JSON Schemas for authors of policies are: `schemas.ts` makes them, the gate and `opa check` read them. */
const schemaFolder = new URL("../../policies/schemas/", import.meta.url)

const deploy = new URL("../../deploy/", import.meta.url)
const crds = new URL("base/crds/", deploy)

const yaml = (value: JsonObject): string =>
  `# Made by \`sluice generate\`.\n${stringify(value, { aliasDuplicateObjects: false, lineWidth: 120 })}`

interface Made {
  readonly file: URL
  readonly text: string
}

/** Every file that is made from the sources, by what a person asks for: the last two from the manifests that we ship. */
export const made: Readonly<Record<string, ReadonlyArray<Made>>> = {
  schemas: Object.entries(schemas).map(([name, schema]) => ({
    file: new URL(`${name}.json`, schemaFolder),
    text: schemaText(schema)
  })),
  reference: [{ file: new URL("./README.md", import.meta.url), text: reference }],
  troubleshooting: [{ file: new URL(page, import.meta.url), text: troubleshooting }],
  crds: [
    ...definitions.map(({ definition, plural }) => ({ file: new URL(`${plural}.yaml`, crds), text: yaml(definition) })),
    {
      file: new URL("kustomization.yaml", crds),
      text: yaml({
        apiVersion: "kustomize.config.k8s.io/v1beta1",
        kind: "Kustomization",
        resources: definitions.map(({ plural }) => `${plural}.yaml`)
      })
    }
  ],
  get chart() {
    return chart().map(({ path, text }) => ({ file: new URL(`chart/${path}`, deploy), text }))
  },
  get rights() {
    return [{ file: new URL("docs/rbac.md", deploy), text: rightsPage() }]
  }
}

const write = Effect.fnUntraced(function*(file: string, text: string) {
  const files = yield* FileSystem.FileSystem
  yield* files.makeDirectory(dirname(file), { recursive: true })
  yield* files.writeFileString(file, text)
}, Effect.mapError(({ message }) => failed(message, "Name a folder that can be written.")))

const failed = (detail: string, hint: string) => new Failures({ errors: [InvalidSpec.make({ detail, hint })] })

/** What somebody may want in a folder of their own. */
const elsewhere: Readonly<Record<string, () => ReadonlyArray<{ readonly path: string; readonly text: string }>>> = {
  schemas: () => Object.entries(schemas).map(([name, schema]) => ({ path: `${name}.json`, text: schemaText(schema) })),
  chart
}

/** `schemas DIR`, `chart DIR`. */
const asked = ([first = "", ...rest]: ReadonlyArray<string>) => {
  const [folder] = rest
  const files = Object.hasOwn(elsewhere, first) ? elsewhere[first] : undefined
  if (files === undefined || rest.length !== 1 || folder === undefined || Object.hasOwn(made, folder)) return undefined
  return files().map(({ path, text }) => ({ path: resolve(folder, path), shown: join(folder, path), text }))
}

/** One after the other: the chart is made from manifests that were written just before. */
function* ours(names: ReadonlyArray<string>) {
  for (const name of names.length === 0 ? Object.keys(made) : names) {
    for (const { file, text } of made[name]!) yield { path: fileURLToPath(file), text }
  }
}

/** Writes what is made from the sources; with `--check`, writes nothing and answers 1 where it is stale. */
export const generate = Effect.fn("generate")(function*({ operands, switches }: Given) {
  const files = yield* FileSystem.FileSystem
  const own = asked(operands)
  const stray = own === undefined ? operands.find((name) => !Object.hasOwn(made, name)) : undefined
  if (stray !== undefined) {
    return yield* failed(`${JSON.stringify(stray)} is not made from the sources`, suggestion(stray, Object.keys(made)))
  }
  let stale = 0
  for (const { path, text } of own ?? ours(operands)) {
    const old = yield* Effect.orElseSucceed(files.readFileString(path), () => "")
    if (old === text) continue
    stale++
    const remedy = own === undefined ? "npm run generate" : `sluice generate ${operands.join(" ")}`
    yield* switches.has("check") ? print.aside(`${path} is stale: run ${remedy}`) : write(path, text)
  }
  if (own !== undefined && !switches.has("check")) yield* print.result(own.map(({ shown }) => shown).join("\n"))
  return switches.has("check") && stale > 0 ? 1 : 0
})
