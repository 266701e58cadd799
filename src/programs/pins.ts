import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { catalogue, type Program } from "./catalogue.ts"

/** The version of a program that Sluice is tested with, as its `go.mod` says. */
export interface Pin {
  readonly program: Program
  /** `v1.2.3` */
  readonly version: string
  /** The Go package that `go build` turns into the program. */
  readonly package: string
  /** The folder of the `go.mod`. */
  readonly module: string
}

/** The `tool` packages of a `go.mod` and its required modules, by path. */
export const parseGoMod = (text: string) => {
  const tools: Array<string> = []
  const versions = new Map<string, string>()
  let block = ""
  for (const line of text.split("\n")) {
    const words = line.replace(/\/\/.*/, "").trim().split(/\s+/)
    if (words[0] === ")") block = ""
    else if (words[1] === "(") block = words[0]!
    else {
      const [verb, path, version] = block === "" ? words : [block, ...words]
      if (verb === "tool" && path !== undefined && path !== "") tools.push(path)
      if (verb === "require" && path !== undefined && version !== undefined) versions.set(path, version)
    }
  }
  return { tools, versions }
}

/** The package that makes the program: the only tool of the module, or the one with the program's name. */
const packageOf = (tools: ReadonlyArray<string>, program: string) =>
  tools.length === 1 ? tools[0] : tools.find((path) => path.endsWith(`/${program}`))

/** The version of the module that holds the package: the longest path that leads to it. */
const versionOf = (versions: ReadonlyMap<string, string>, path: string): string | undefined =>
  versions.get(path) ?? (path.includes("/") ? versionOf(versions, path.slice(0, path.lastIndexOf("/"))) : undefined)

/** The pin of a program in the text of a `go.mod`; undefined if the file does not pin it. */
export const pinIn = (goMod: string, program: Program, module: string): Pin | undefined => {
  const { tools, versions } = parseGoMod(goMod)
  const path = packageOf(tools, program)
  const version = path === undefined ? undefined : versionOf(versions, path)
  if (path === undefined || version === undefined) return undefined
  return { program, version: catalogue[program].releaseOf?.(version) ?? version, package: path, module }
}

/** `deploy/tools` of this checkout or package. */
export const toolsDirectory = fileURLToPath(new URL("../../deploy/tools", import.meta.url))

/** Reads the pin of a program; dies if the folder of pins is incomplete. */
export const readPin = Effect.fnUntraced(function*(program: Program, tools: string = toolsDirectory) {
  const files = yield* FileSystem.FileSystem
  const module = join(tools, catalogue[program].folder)
  const goMod = yield* Effect.orDie(files.readFileString(join(module, "go.mod")))
  return pinIn(goMod, program, module) ?? (yield* Effect.die(new Error(`${module}/go.mod does not pin ${program}`)))
})

const semver = /\bv?(\d+\.\d+\.\d+[-+.0-9A-Za-z]*)/

/** The first thing in a text that looks like a version, as `v1.2.3`. */
export const versionIn = (text: string): string | undefined => {
  const version = semver.exec(text)?.[1]
  return version === undefined ? undefined : `v${version}`
}

/** Whether two versions share major and minor: what Sluice was tested with, give or take fixes. */
export const isCompatible = (found: string, wanted: string): boolean => {
  const minor = (version: string) => version.split(".").slice(0, 2).join(".")
  return minor(found) === minor(wanted)
}
