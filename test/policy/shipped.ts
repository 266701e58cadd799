import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { parse, parseAllDocuments } from "yaml"
import type { JsonObject } from "../../src/domain/Json.ts"

/** Where the shipped library is. */
export const folder = join(import.meta.dirname, "..", "..", "policies")

const filesBelow = (name: string) =>
  readdirSync(join(folder, name), { recursive: true, encoding: "utf8" }).map((path) => join(name, path)).sort()

/** A file of the library. */
export const textOf = (path: string) => readFileSync(join(folder, path), "utf8")

/** Rego of the library without its tests, as it is compiled. */
export const sources = [...filesBelow("lib"), ...filesBelow("rules")]
  .filter((path) => path.endsWith(".rego") && !path.endsWith("_test.rego"))
  .map((path) => ({ path: `policies/${path}`, content: Buffer.from(textOf(path)) }))

interface Metadata {
  readonly title?: string
  readonly description?: string
  readonly related_resources?: ReadonlyArray<{ readonly ref?: string }>
  readonly schemas?: ReadonlyArray<{ readonly input?: string }>
  readonly custom?: {
    readonly id?: string
    readonly severity?: string
    readonly remedy?: string
    readonly parameters?: Readonly<Record<string, string>>
  }
}

/** The METADATA at the top of a file. */
const metadataOf = (text: string): Metadata => {
  const lines = text.split("\n")
  const head = lines.slice(1, lines.findIndex((line) => !line.startsWith("#")))
  return parse(head.map((line) => line.replace(/^# ?/u, "")).join("\n")) as Metadata
}

export interface Shipped {
  /** `<category>/<policy>`: its name everywhere. */
  readonly id: string
  readonly rego: string
  readonly metadata: Metadata
  readonly judges: "object" | "changeset" | "combined"
  readonly package: string
}

/** Every policy of the library. */
export const shipped: ReadonlyArray<Shipped> = filesBelow("rules")
  .filter((path) => path.endsWith(".rego") && !path.endsWith("_test.rego"))
  .map((path) => {
    const rego = textOf(path)
    const metadata = metadataOf(rego)
    const judged = metadata.schemas?.[0]?.input?.replace("schema.", "")
    return {
      id: path.split("/").slice(1, 3).join("/"),
      rego,
      metadata,
      judges: judged === "changeset" || judged === "combined" ? judged : "object",
      package: /^package (\S+)$/mu.exec(rego)?.[1] ?? ""
    }
  })

/** The documents that a policy judges in a sample: one for each object, or all of it. */
export const sampleOf = ({ id, judges }: Shipped, name: "allowed" | "denied"): ReadonlyArray<JsonObject> => {
  const path = `examples/${id}/${name}.${judges === "changeset" ? "json" : "yaml"}`
  if (judges === "changeset") return [JSON.parse(textOf(path)) as JsonObject]
  return parseAllDocuments(textOf(path)).map((document) => document.toJS() as JsonObject)
}

/** What the samples set, where they set anything: `data.parameters`. */
export const parametersOf = ({ id }: Shipped): JsonObject => {
  const path = `examples/${id}/parameters.yaml`
  return existsSync(join(folder, path)) ? (parse(textOf(path)) as { parameters: JsonObject }).parameters : {}
}

/** Names of the policies of each profile. */
export const profiles: Readonly<Record<string, ReadonlyArray<string>>> = Object.fromEntries(
  filesBelow("profiles").filter((path) => path.endsWith(".yaml")).map((path) => [
    path.replace(/^profiles\/|\.yaml$/gu, ""),
    (parse(textOf(path)) as { policies: ReadonlyArray<string> }).policies
  ])
)

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll(/\s+/gu, " ").trim()

const document = { object: "each object", changeset: "the changeset", combined: "all objects" }

/** The page that lists the library: made from METADATA. */
export const index = (): string => {
  const categories = [...new Set(shipped.map(({ id }) => id.split("/")[0]!))]
  const rows = (category: string) =>
    shipped.filter(({ id }) => id.startsWith(`${category}/`)).map(({ id, judges, metadata }) => {
      const { custom, related_resources, title } = metadata
      const told = Object.entries(custom?.parameters ?? {}).map(([name, text]) => `\`${name}\`: ${cell(text)}`)
      return [
        `[${id}](rules/${id}/${id.split("/")[1]}.rego)`,
        `[${cell(title ?? "")}](${related_resources?.[0]?.ref})`,
        custom?.severity ?? "",
        document[judges],
        told.join("<br>"),
        cell(custom?.remedy ?? "")
      ].join(" | ")
    })
  return [
    "<!-- Made from METADATA: UPDATE_GOLDEN=1 npx vitest run --project unit test/policy/shippedLibrary.test.ts -->",
    "# The policy library",
    "",
    `${shipped.length} policies. Each has its tests beside it and an allowed and a denied sample in \`examples/\`; it is named`,
    "by its folder, in a PolicyBundle, in a waiver and in what it says. *Parameters* are read from `data.parameters`; one of",
    "the wrong type denies. What a policy cannot tell, it denies. Kinds of custom resources that make pods are judged like",
    "the others where `podTemplatePaths` says where their template is: `{Service.serving.knative.dev: [spec, template]}`.",
    "",
    "```sh",
    "npx sluice check app.yaml --library pod-security/restricted --library images/no-latest",
    "conftest test -p policies/lib -p policies/rules/pod-security --all-namespaces app.yaml",
    "conftest test -p policies/lib -p policies/rules/workloads/disruption-budget-required --all-namespaces --combine *.yaml",
    "opa test policies/lib policies/rules",
    "```",
    "",
    "Two annotations give consent, and only on the object as it is in the cluster, that is, a revision earlier:",
    "`sluice.dev/allow-delete: \"true\"` lets it be deleted, `sluice.dev/allow-replace: \"true\"` lets it be deleted and created",
    "anew. All else is for a waiver, which names a policy and ends. What puts back what was admitted (trigger `drift`) is not",
    "compared with what somebody made of it.",
    "",
    "## Profiles",
    "",
    ...Object.entries(profiles).map(([name, policies]) => `- \`${name}\`: ${policies.length} policies`),
    ...categories.map((category) =>
      [
        "",
        `## ${category}`,
        "",
        "| policy | what holds | severity | judges | parameters | remedy |",
        "|---|---|---|---|---|---|"
      ].concat(rows(category).map((row) => `| ${row} |`)).join("\n")
    ),
    ""
  ].join("\n")
}
