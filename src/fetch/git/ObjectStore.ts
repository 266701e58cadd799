import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from "node:fs"
import { join } from "node:path"
import { applyDelta } from "./delta.ts"
import { damaged, GitError } from "./GitFailure.ts"
import { ObjectCache } from "./ObjectCache.ts"
import { entryHead, type GitObject, inflate, objectId } from "./packEntry.ts"
import { decodeIndex, type PackIndex } from "./packIndex.ts"

interface Pack {
  /** A thin pack builds on packs with lower numbers, and on no other: so no chain of deltas can bite its tail. */
  readonly number: number
  readonly file: number
  readonly length: number
  readonly index: PackIndex
}

const cache = new ObjectCache(16 * 1024 * 1024)
let opened = 0

const trailerBytes = 20
const maximumChain = 4_095

const readAt = (file: number, start: number, length: number): Buffer => {
  const bytes = Buffer.allocUnsafe(length)
  if (readSync(file, bytes, 0, length, start) !== length) throw damaged("a pack of the cache is cut off")
  return bytes
}

const packName = /^pack-([0-9]{1,9})-[0-9a-f]{40}\.idx$/u

const openPack = (directory: string, name: string, number: number): Pack => {
  let file: number | undefined
  try {
    file = openSync(join(directory, name.replace(/\.idx$/u, ".pack")), "r")
    const { size: length } = fstatSync(file)
    const index = decodeIndex(readFileSync(join(directory, name)), length)
    if (!readAt(file, length - trailerBytes, trailerBytes).equals(index.packSum)) {
      throw damaged("a pack of the cache is cut off")
    }
    return { number, file, length, index }
  } catch (error) {
    if (file !== undefined) closeSync(file)
    throw error instanceof GitError ? error : damaged(`a pack of the cache cannot be read`)
  }
}

/**
 * The objects of one folder of packs. Every object is checked against its name when it is read, so that neither a crash
 * nor a hand in the cache can change what is deployed.
 */
export class ObjectStore {
  readonly #packs = new Map<string, Pack>()
  readonly #directory: string
  /** Its objects in the cache. */
  readonly #name = `${++opened}:`

  constructor(directory: string) {
    this.#directory = directory
    this.refresh()
  }

  /** Takes in packs that were added since. */
  refresh(): void {
    for (const name of readdirSync(this.#directory)) {
      const number = packName.exec(name)?.[1]
      if (number === undefined || this.#packs.has(name)) continue
      this.#packs.set(name, openPack(this.#directory, name, Number(number)))
    }
  }

  get packs(): number {
    return this.#packs.size
  }

  /** What the next pack is called, without its ending. */
  nextName(sum: string): string {
    const number = 1 + Math.max(0, ...[...this.#packs.values()].map(({ number }) => number))
    return join(this.#directory, `pack-${number}-${sum}`)
  }

  get bytes(): number {
    return [...this.#packs.values()].reduce((sum, { length }) => sum + length, 0)
  }

  has(id: string): boolean {
    return this.#find(id) !== undefined
  }

  /** The object of a name; `damaged` if it is not there or not what its name says. */
  read(id: string): GitObject {
    const found = this.#find(id)
    if (found === undefined) throw damaged(`object ${id} is missing`)
    const object = this.#entry(found.pack, found.offset)
    if (objectId(object.type, object.data) !== id) throw damaged(`object ${id} is broken`)
    return object
  }

  /** The order in which reading is cheapest: neighbours in a pack share their bases. */
  sortKey(id: string): number {
    return this.#find(id)?.offset ?? 0
  }

  close(): void {
    for (const { file } of this.#packs.values()) closeSync(file)
    this.#packs.clear()
    cache.forget(this.#name)
  }

  #find(id: string, below = Infinity): { readonly pack: Pack; readonly offset: number } | undefined {
    for (const pack of this.#packs.values()) {
      if (pack.number >= below) continue
      const offset = pack.index.find(id)
      if (offset !== undefined) return { pack, offset }
    }
    return undefined
  }

  #entry(start: Pack, startOffset: number): GitObject {
    const deltas: Array<{ readonly key: string; readonly instructions: Buffer }> = []
    let [pack, offset] = [start, startOffset]
    let object: GitObject | undefined
    while (object === undefined) {
      const key = `${this.#name}${pack.file}:${offset}`
      object = cache.get(key)
      if (object !== undefined) break
      const raw = readAt(pack.file, offset, pack.index.endOf(offset) - offset)
      const { at, base, size, type } = entryHead(raw, 0)
      const { data } = inflate(raw.subarray(at), size)
      if (type !== undefined) {
        object = { type, data }
        cache.keep(key, object)
        break
      }
      deltas.push({ key, instructions: data })
      if (deltas.length > maximumChain) throw damaged("a chain of deltas is longer than Git allows")
      const own = typeof base === "number" ? offset - base : pack.index.find(base ?? "")
      const next = own !== undefined ? { pack, offset: own } : this.#find(String(base), pack.number)
      if (next === undefined || next.offset < 0) throw damaged("a delta points out of its pack")
      pack = next.pack
      offset = next.offset
    }
    for (const { instructions, key } of deltas.reverse()) {
      object = { type: object.type, data: applyDelta(object.data, instructions) }
      cache.keep(key, object)
    }
    return object
  }
}
