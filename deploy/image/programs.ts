import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"
import { buildArguments, buildEnvironment } from "../../src/programs/build.ts"
import { calledPrograms, catalogue, productPrograms } from "../../src/programs/catalogue.ts"
import { type Pin, pinIn, toolsDirectory } from "../../src/programs/pins.ts"
import { type GoBuildInfo, readGoBuildInfo } from "./goBuildInfo.ts"

export type ImageProgram = typeof productPrograms[number]

/** What the agent calls. sops is not among it yet; it can be asked for, and adds 52 MB. */
export const imagePrograms: ReadonlyArray<ImageProgram> = calledPrograms

export const pinOf = (program: ImageProgram): Pin => {
  const module = join(toolsDirectory, catalogue[program].folder)
  const pin = pinIn(readFileSync(join(module, "go.mod"), "utf8"), program, module)
  if (pin === undefined) throw new Error(`${module}/go.mod does not pin ${program}`)
  return pin
}

/** Why a file is not the program that the recipe builds; undefined if it is. */
export const strayFrom = (pin: Pin, info: GoBuildInfo | undefined, arch: string): string | undefined => {
  if (info === undefined) return "is no Go program"
  const wanted = {
    package: pin.package,
    version: pin.version,
    "-trimpath": "true",
    CGO_ENABLED: "0",
    GOOS: "linux",
    GOARCH: arch
  }
  const found: Readonly<Record<string, string | undefined>> = {
    ...Object.fromEntries(info.settings),
    package: info.path,
    version: info.main.version
  }
  const wrong = Object.entries(wanted).filter(([name, value]) => found[name] !== value)
  return wrong.length === 0
    ? undefined
    : wrong.map(([name, value]) => `${name} is ${found[name] ?? "not set"} and not ${value}`).join(", ")
}

/** Builds a program from its pinned Go module to a file, unless that is there already. */
export const buildProgram = (program: ImageProgram, to: string, arch: string): void => {
  const pin = pinOf(program)
  if (existsSync(to) && strayFrom(pin, readGoBuildInfo(readFileSync(to)), arch) === undefined) return
  const { error, status } = spawnSync("go", buildArguments(pin, to), {
    cwd: pin.module,
    env: { ...process.env, ...buildEnvironment, GOOS: "linux", GOARCH: arch, GOFLAGS: "" },
    stdio: ["ignore", "inherit", "inherit"]
  })
  if (status !== 0) throw new Error(`go build of ${program} failed: ${error?.message ?? `it exited ${status}`}`)
}

const isProgram = (name: string): name is ImageProgram => productPrograms.some((each) => each === name)

if (import.meta.main) {
  const { positionals: [folder, ...names], values: { arch } } = parseArgs({
    allowPositionals: true,
    options: { arch: { type: "string", default: process.arch === "x64" ? "amd64" : process.arch } }
  })
  if (folder === undefined || !names.every(isProgram)) {
    console.error(`usage: node deploy/image/programs.ts FOLDER [--arch amd64|arm64] [${productPrograms.join("|")}]…`)
    process.exit(2)
  }
  mkdirSync(folder, { recursive: true })
  for (const program of names.length === 0 ? imagePrograms : names) {
    buildProgram(program, resolve(folder, program), arch)
    console.log(`${program} ${pinOf(program).version} linux/${arch}`)
  }
}
