import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs"
import { dirname, isAbsolute, join, resolve } from "node:path"
import { readElf } from "./elf.ts"

/** A file of the system that a program needs, and where the loader looks for it. */
export interface Library {
  /** From the root, without a slash before it. */
  readonly path: string
  readonly file: string
  /** Its path on the system that it is taken from. */
  readonly origin: string
  readonly isLoader: boolean
}

/** A Debian package that something was taken from. */
export interface SystemPackage {
  readonly name: string
  readonly version: string
  /** Its paragraph of dpkg's status, as scanners read it. */
  readonly paragraph: string
  readonly copyright: string | undefined
}

/** Follows links as if `system` were the root: `/lib` of a system is not the `/lib` of this machine. */
const within = (system: string, path: string, depth = 0): string | undefined => {
  if (depth > 40) return undefined
  let real = "/"
  const names = path.split("/").filter((name) => name !== "")
  for (const [index, name] of names.entries()) {
    const next = join(real, name)
    if (!lstatSync(join(system, next), { throwIfNoEntry: false })?.isSymbolicLink()) {
      real = next
      continue
    }
    const target = readlinkSync(join(system, next))
    const start = isAbsolute(target) ? target : resolve(real, target)
    return within(system, join(start, ...names.slice(index + 1)), depth + 1)
  }
  return existsSync(join(system, real)) ? real : undefined
}

/** The loader of a program and every library that it or one of them names, as `ldd` would, but nothing is run. */
export const librariesOf = (program: string, triplet: string, system: string): ReadonlyArray<Library> => {
  const places = [`/lib/${triplet}`, `/usr/lib/${triplet}`, "/lib", "/usr/lib"]
  const found = new Map<string, Library>()
  const { interpreter, needed } = readElf(readFileSync(program))
  if (interpreter === undefined) return []
  const loader = within(system, interpreter)
  if (loader === undefined) throw new Error(`${interpreter}, which ${program} asks for, is not in ${system}`)
  const name = interpreter.slice(interpreter.lastIndexOf("/") + 1)
  found.set(name, { path: interpreter.slice(1), file: join(system, loader), origin: loader, isLoader: true })

  const wanted = needed.map((library) => ({ library, by: program }))
  for (let next = wanted.shift(); next !== undefined; next = wanted.shift()) {
    const { by, library } = next
    if (found.has(library)) continue
    const origin = places.map((place) => within(system, join(place, library))).find((path) => path !== undefined)
    if (origin === undefined) throw new Error(`${library}, which ${by} asks for, is not in ${system}`)
    const file = join(system, origin)
    found.set(library, { path: `lib/${triplet}/${library}`, file, origin, isLoader: false })
    wanted.push(...readElf(readFileSync(file)).needed.map((library) => ({ library, by: file })))
  }
  return [...found.values()].sort((one, other) => one.path < other.path ? -1 : 1)
}

/** The Debian packages that own some files. Throws for a file of none: where it is from has to be known. */
export const packagesOf = (libraries: ReadonlyArray<Library>, system: string): ReadonlyArray<SystemPackage> => {
  const database = join(system, "var", "lib", "dpkg")
  const lists = readdirSync(join(database, "info")).filter((name) => name.endsWith(".list")).map((name) => ({
    owner: name.replace(/(?::[a-z0-9]+)?\.list$/u, ""),
    files: new Set(readFileSync(join(database, "info", name), "utf8").split("\n"))
  }))
  const owners = libraries.map(({ origin }) => {
    // Packages from before the merge of /lib into /usr/lib list their files in /lib.
    const spellings = [origin, origin.replace(/^\/usr/u, "")]
    const list = lists.find(({ files }) => spellings.some((path) => files.has(path)))
    if (list === undefined) throw new Error(`${origin} belongs to no Debian package of ${system}`)
    return list.owner
  })
  const paragraphs = readFileSync(join(database, "status"), "utf8").split("\n\n")
  return [...new Set(owners)].sort().map((name) => {
    const paragraph = paragraphs.find((text) => text.startsWith(`Package: ${name}\n`))
    const version = /^Version: (.+)$/mu.exec(paragraph ?? "")?.[1]
    if (paragraph === undefined || version === undefined) throw new Error(`dpkg does not know ${name}`)
    // GCC's libraries keep theirs with the package that they share, and slim images lack the link to it.
    const shared = /gcc-\d+-base/u.exec(paragraph)?.[0]
    const text = [name, ...shared === undefined ? [] : [shared]]
      .map((each) => within(system, `/usr/share/doc/${each}/copyright`)).find((path) => path !== undefined)
    const copyright = text === undefined ? undefined : readFileSync(join(system, text), "utf8")
    return { name, version, paragraph: `${paragraph.trim()}\n`, copyright }
  })
}

/** `os-release` of a system: scanners look up the advisories of that Debian. */
export const releaseOf = (system: string): string => {
  const path = within(system, "/etc/os-release")
  if (path === undefined) throw new Error(`${dirname(join(system, "etc", "os-release"))} has no os-release`)
  return readFileSync(join(system, path), "utf8")
}
