/** A module in a Go program, as `go version -m` tells it. */
export interface GoModule {
  readonly path: string
  readonly version: string
  /** The checksum of `go.sum`: `h1:…`. */
  readonly sum: string | undefined
}

/** What the Go linker writes into every program about its origin. */
export interface GoBuildInfo {
  /** `go1.26.1` */
  readonly go: string
  /** The package of `main`. */
  readonly path: string
  readonly main: GoModule
  readonly dependencies: ReadonlyArray<GoModule>
  /** `-trimpath`, `CGO_ENABLED`, `GOARCH`, … */
  readonly settings: ReadonlyMap<string, string>
}

const magic = Buffer.from("\xff Go buildinf:", "latin1")
/** Magic, the size of pointers, flags, and room: then two strings, each behind its length. */
const head = 32
const inlineStrings = 2

const stringAt = (bytes: Buffer, at: number): { readonly text: string; readonly next: number } => {
  let [length, shift, next] = [0, 0, at]
  for (let byte = 0x80; byte >= 0x80; shift += 7) {
    byte = bytes[next++]!
    length += (byte & 0x7f) * 2 ** shift
  }
  return { text: bytes.toString("utf8", next, next + length), next: next + length }
}

const moduleOf = ([path = "", version = "", sum = ""]: ReadonlyArray<string>): GoModule => ({
  path,
  version,
  sum: sum === "" ? undefined : sum
})

const parse = (go: string, text: string): GoBuildInfo => {
  const modules: Array<GoModule> = []
  const settings = new Map<string, string>()
  let path = ""
  for (const [word, ...rest] of text.split("\n").map((line) => line.split("\t"))) {
    if (word === "path") path = rest[0]!
    if (word === "mod" || word === "dep") modules.push(moduleOf(rest))
    // What stands in the place of the module before it.
    if (word === "=>") modules.splice(-1, 1, moduleOf(rest))
    if (word === "build") {
      const [, name, value] = /^([^=]+)=(.*)$/u.exec(rest.join("\t"))!
      settings.set(name!, value!)
    }
  }
  const [main, ...dependencies] = modules
  if (main === undefined) throw new Error("a Go program without modules")
  return { go, path, main, dependencies, settings }
}

/** Reads a program that Go 1.18 or later built; undefined if it is none. */
export const readGoBuildInfo = (bytes: Buffer): GoBuildInfo | undefined => {
  for (let at = bytes.indexOf(magic); at >= 0; at = bytes.indexOf(magic, at + 1)) {
    // Programs that read other programs hold the magic as a constant too.
    if (at % 16 !== 0 || (bytes[at + 15]! & inlineStrings) === 0) continue
    const version = stringAt(bytes, at + head)
    if (!version.text.startsWith("go")) continue
    // The modules stand between two marks of 16 bytes.
    const { text } = stringAt(bytes, version.next)
    return parse(version.text, text.slice(text.indexOf("path\t")))
  }
  return undefined
}
