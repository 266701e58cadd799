import { RE2JS } from "re2js"
import type { Problem } from "./compileErrors.ts"
import { readToml, type TomlValue } from "./toml.ts"

/** What a `conftest.toml` among the policies says of the policies in its folder and below. */
export interface Settings {
  readonly regoVersion?: "v0" | "v1"
  /** Rules that do not say what they judge judge all objects at once. */
  readonly isCombined: boolean
  /** Whether the rules of a package report. */
  readonly reports: (name: string) => boolean
  /** `fail-on-warn`: what warns denies. */
  readonly failsOnWarn: boolean
}

const none: Settings = { isCombined: false, reports: () => true, failsOnWarn: false }

const name = "conftest.toml"

/** The name of conftest's own file of settings. */
export const isConftestFile = (path: string): boolean => path === name || path.endsWith(`/${name}`)

/** A glob of `namespace`: an asterisk takes dots as well. In linear time: who writes it chooses the names as well. */
const glob = (pattern: string): (name: string) => boolean => {
  const expression = RE2JS.compile(
    pattern.replace(/[.+^${}()|\\]/gu, "\\$&").replaceAll("*", ".*").replaceAll("?", ".").replaceAll("[!", "[^")
  )
  return (name) => expression.matcher(name).matches()
}

const listOf = (value: TomlValue): ReadonlyArray<string> | undefined =>
  typeof value === "string" ? value.split(",").map((part) => part.trim()) : Array.isArray(value) ? value : undefined

const settingsOf = (values: ReadonlyMap<string, TomlValue>): Settings | string => {
  const flag = (key: string) => values.get(key) ?? false
  const wrong = ["combine", "all-namespaces", "fail-on-warn"].find((key) => typeof flag(key) !== "boolean")
  if (wrong !== undefined) return `${wrong} is true or false`
  const version = values.get("rego-version")
  const lower = typeof version === "string" ? version.toLowerCase() : version
  if (lower !== undefined && lower !== "v0" && lower !== "v1") return "rego-version is v0 or v1"
  const namespaces = listOf(values.get("namespace") ?? [])
  if (namespaces === undefined) return "namespace is a list of names"
  try {
    const wanted = flag("all-namespaces") === true ? [] : namespaces.map(glob)
    return {
      ...lower === undefined ? {} : { regoVersion: lower },
      isCombined: flag("combine") === true,
      failsOnWarn: flag("fail-on-warn") === true,
      reports: (path) => wanted.length === 0 || wanted.some((takes) => takes(path))
    }
  } catch {
    return "namespace holds a pattern that cannot be read"
  }
}

const folderOf = (path: string): string => path.slice(0, -name.length)

/**
 * The settings of every file: those of the nearest `conftest.toml` in its folder or above. Keys that say where conftest
 * finds policies and data, or how it prints, have no say here.
 */
export const readConftest = (
  files: ReadonlyArray<{ readonly path: string; readonly content: Uint8Array }>
): { readonly of: (path: string) => Settings; readonly problems: ReadonlyArray<Problem> } => {
  const problems: Array<Problem> = []
  const folders = new Map<string, Settings>()
  for (const { content, path } of files.filter(({ path }) => isConftestFile(path))) {
    const read = readToml(Buffer.from(content).toString("utf8"))
    if ("line" in read) {
      problems.push({ message: "this is not TOML that is read here", origin: { file: path, line: read.line } })
      continue
    }
    const settings = settingsOf(read.values)
    if (typeof settings === "string") problems.push({ message: settings, origin: { file: path } })
    else folders.set(folderOf(path), settings)
  }
  const nearest = [...folders.keys()].sort((a, b) => b.length - a.length)
  return { problems, of: (path) => folders.get(nearest.find((folder) => path.startsWith(folder)) ?? "") ?? none }
}
