import * as Effect from "effect/Effect"
import { Worker } from "node:worker_threads"
import type { Case } from "./cases.ts"

const seconds = 20

/** A thread that evaluates cases, one at a time; ended and made anew when one does not come back within 20 seconds. */
class CaseThread {
  #worker: Worker | undefined
  #settle: (why: string | undefined) => void = () => {}

  /** Why the case fails; undefined if it passes. */
  async judge(given: Case, wasm: Uint8Array): Promise<string | undefined> {
    const worker = this.#worker ??= this.#start()
    const timer = setTimeout(() => this.#give(`not done in ${seconds} s`), seconds * 1_000)
    const answer = new Promise<string | undefined>((resolve) => this.#settle = resolve)
    worker.postMessage({ given, wasm }, [])
    return answer.finally(() => clearTimeout(timer))
  }

  async stop(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }

  #start(): Worker {
    const worker = new Worker(new URL("case.worker.ts", import.meta.url), { env: {} })
    worker.on("message", (why: string | undefined) => this.#settle(why))
    worker.on("error", (error) => this.#give(`the thread broke: ${String(error)}`))
    return worker
  }

  #give(why: string): void {
    void this.stop()
    this.#settle(why)
  }
}

export const makeCaseThread = Effect.acquireRelease(
  Effect.sync(() => new CaseThread()),
  (thread) => Effect.promise(() => thread.stop())
)
