import { get } from "node:https"
import { parse } from "yaml"
import type { ControlPlane } from "./ControlPlane.ts"

/** An object of any kind, as far as tests of drift read it. */
export interface LiveObject {
  readonly kind: string
  readonly metadata: {
    readonly namespace: string
    readonly name: string
    readonly uid: string
    readonly resourceVersion: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly data?: Readonly<Record<string, string>>
  readonly spec?: Readonly<Record<string, unknown>>
  readonly status?: Readonly<Record<string, unknown>>
  readonly reason?: string
  readonly note?: string
}

/** The client certificate of the control plane's admin. */
export const adminCredential = (plane: ControlPlane): { readonly cert: string; readonly key: string } => {
  const { users: [{ user }] } = parse(plane.adminKubeconfig)
  const pem = (field: string) => Buffer.from(user[field], "base64").toString()
  return { cert: pem("client-certificate-data"), key: pem("client-key-data") }
}

/** Sees every object of some collections from the moment that `open` returns: what changes, and when. */
export class Objects {
  readonly #known = new Map<string, LiveObject>()
  readonly #listeners = new Set<(id: string, object: LiveObject | undefined) => void>()
  readonly #requests = new Set<{ readonly destroy: () => void }>()
  #isStopped = false

  /** Of paths such as `/api/v1/namespaces/shop/configmaps`. */
  static async open(plane: ControlPlane, paths: ReadonlyArray<string>): Promise<Objects> {
    const objects = new Objects()
    await Promise.all(paths.map((path) => objects.#watch(plane, path)))
    return objects
  }

  #watch(plane: ControlPlane, path: string): Promise<void> {
    const query = "watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"
    return new Promise((resolve, reject) => {
      let rest = ""
      const options = { ca: plane.caData, ...adminCredential(plane) }
      const request = get(`${plane.server}${path}?${query}`, options, (response) => {
        response.setEncoding("utf8")
        response.on("data", (chunk: string) => {
          const lines = (rest + chunk).split("\n")
          rest = lines.pop()!
          for (const line of lines) {
            const { object, type } = JSON.parse(line) as { readonly type: string; readonly object: LiveObject }
            if (type === "BOOKMARK") resolve()
            else if (object.metadata.name !== undefined) this.#take(type, object)
          }
        })
        response.on("error", () => {})
        // The server drops who reads too slowly, in a burst; what went unseen shows in what is listed anew.
        response.on("close", () => this.#isStopped || void this.#watch(plane, path).catch(() => {}))
      }).on("error", reject)
      this.#requests.add(request)
      request.on("close", () => this.#requests.delete(request))
    })
  }

  #take(type: string, object: LiveObject) {
    const id = `${object.kind}/${object.metadata.name}`
    if (type === "DELETED") this.#known.delete(id)
    else this.#known.set(id, object)
    for (const listener of this.#listeners) listener(id, type === "DELETED" ? undefined : object)
  }

  get(id: string): LiveObject | undefined {
    return this.#known.get(id)
  }

  get all(): ReadonlyMap<string, LiveObject> {
    return this.#known
  }

  /** Tells each change at once (undefined: it is gone), until the effect that it answers is called. */
  listen(listener: (id: string, object: LiveObject | undefined) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Waits until all that is known fits the claim. */
  until(what: string, claim: (known: ReadonlyMap<string, LiveObject>) => boolean, timeoutMs = 30_000): Promise<void> {
    if (claim(this.#known)) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        stop()
        reject(new Error(`not within ${timeoutMs} ms: ${what}`))
      }, timeoutMs)
      const stop = this.listen(() => {
        if (!claim(this.#known)) return
        clearTimeout(timer)
        stop()
        resolve()
      })
    })
  }

  stop() {
    this.#isStopped = true
    for (const request of this.#requests) request.destroy()
  }
}
