import type { GitObject } from "./packEntry.ts"

/** Objects that were read lately, of all stores of a thread together, so that a fleet of repositories needs no more than one. */
export class ObjectCache {
  readonly #objects = new Map<string, GitObject>()
  readonly #most: number
  #bytes = 0

  /** At most so many bytes; of those an object may have an eighth. */
  constructor(most: number) {
    this.#most = most
  }

  get(key: string): GitObject | undefined {
    return this.#objects.get(key)
  }

  keep(key: string, object: GitObject): void {
    if (object.data.length > this.#most / 8 || this.#objects.has(key)) return
    this.#objects.set(key, object)
    this.#bytes += object.data.length
    for (const oldest of this.#objects.keys()) {
      if (this.#bytes <= this.#most) break
      this.#delete(oldest)
    }
  }

  /** Forgets the objects whose key begins so. */
  forget(prefix: string): void {
    for (const key of this.#objects.keys()) if (key.startsWith(prefix)) this.#delete(key)
  }

  get bytes(): number {
    return this.#bytes
  }

  #delete(key: string): void {
    this.#bytes -= this.#objects.get(key)?.data.length ?? 0
    this.#objects.delete(key)
  }
}
