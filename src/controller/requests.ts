import { fluxRequestAnnotation, requestAnnotation } from "../domain/ownership.ts"
import type { LiveDelivery, MalformedDelivery } from "./Registry.ts"

/** The requests by annotation of one Delivery: what was asked for, and whether it is answered. */
export class Requests {
  readonly #seen = new Map<string, string>()
  #asked: string | undefined

  constructor(handled: string | undefined) {
    if (handled === undefined) return
    for (const name of [requestAnnotation, fluxRequestAnnotation]) this.#seen.set(name, handled)
  }

  /** Takes a Delivery as it is now; answers whether somebody asks for something new. */
  take(live: LiveDelivery | MalformedDelivery): boolean {
    const annotations = "resource" in live ? live.resource.metadata.annotations ?? {} : {}
    let isNew = false
    for (const name of [requestAnnotation, fluxRequestAnnotation]) {
      const value = annotations[name]
      if (value === undefined || value === this.#seen.get(name)) continue
      // What was handled before this process began stands under one of the two names only.
      const isHandled = [...this.#seen.values()].includes(value)
      this.#seen.set(name, value)
      if (isHandled) continue
      this.#asked = value
      isNew = true
    }
    return isNew
  }

  /** A value of our own, that nobody asks with. */
  stamp(value: string): void {
    this.#seen.set(fluxRequestAnnotation, value)
  }

  /** What the run that ends answers. */
  get asked(): string | undefined {
    return this.#asked
  }

  answered(): void {
    this.#asked = undefined
  }
}
