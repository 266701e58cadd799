import { openStore } from "./fetchCommit.ts"
import type { ObjectStore } from "./ObjectStore.ts"

interface Open {
  readonly store: Promise<ObjectStore>
  users: number
  timer: NodeJS.Timeout | undefined
}

/** Milliseconds. */
const aWhile = 10_000

/** The stores that are in use, each opened once; one that nobody used for a while holds no file and no memory. */
export class OpenStores {
  readonly #open = new Map<string, Open>()
  readonly #idle: number

  /** Closes what nobody used for so many milliseconds: 10,000 unless given. */
  constructor(idle = aWhile) {
    this.#idle = idle
  }

  /** Works with the store of a folder, which is open until the work is done. */
  async using<A>(directory: string, work: (store: ObjectStore) => Promise<A>): Promise<A> {
    const open = this.#open.get(directory) ?? { store: openStore(directory), users: 0, timer: undefined }
    this.#open.set(directory, open)
    open.users++
    clearTimeout(open.timer)
    try {
      return await work(await open.store)
    } catch (error) {
      // What could not be opened is opened anew by the next.
      await open.store.catch(() => this.#forget(directory, open))
      throw error
    } finally {
      if (--open.users === 0) this.#rest(directory, open)
    }
  }

  /** Forgets a store; whoever works with it goes on, and then it is closed. */
  close(directory: string): void {
    const open = this.#open.get(directory)
    if (open === undefined) return
    this.#forget(directory, open)
    if (open.users === 0) this.#rest(directory, open)
  }

  #forget(directory: string, open: Open): void {
    if (this.#open.get(directory) === open) this.#open.delete(directory)
  }

  #rest(directory: string, open: Open): void {
    clearTimeout(open.timer)
    const end = () => {
      this.#forget(directory, open)
      open.store.then((store) => store.close(), () => {})
    }
    if (this.#open.get(directory) !== open) return end()
    open.timer = setTimeout(end, this.#idle).unref()
  }
}
