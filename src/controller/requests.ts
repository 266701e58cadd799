import { fluxRequestAnnotation, neverRequested, requestAnnotation } from "../domain/ownership.ts"
import type { LiveDelivery, MalformedDelivery } from "./Registry.ts"

/** The requests by annotation of one Delivery: what was asked for, and whether it is answered. */
export class Requests {
  readonly #seen = new Map<string, string>()
  #asked: string | undefined
  // What was asked for when the source was looked at last.
  #looked: string | undefined

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
      if (value === undefined || value === neverRequested || value === this.#seen.get(name)) continue
      // What was handled before this process began stands under one of the two names only.
      const isHandled = [...this.#seen.values()].includes(value)
      this.#seen.set(name, value)
      if (isHandled) continue
      this.#asked = value
      isNew = true
    }
    return isNew
  }

  /** What nobody has answered yet. */
  get asked(): string | undefined {
    return this.#asked
  }

  /** The source was looked at after this was asked for. */
  looked(asked: string): void {
    this.#looked = asked
  }

  /** What the run answers that ends on what the source said last. */
  get due(): string | undefined {
    return this.#asked === this.#looked ? this.#asked : undefined
  }

  answered(value: string): void {
    if (this.#asked === value) this.#asked = undefined
  }
}
