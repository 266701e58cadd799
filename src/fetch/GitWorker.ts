import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Worker } from "node:worker_threads"
import { startThread } from "../programs/thread.ts"
import type { CallName, Calls, Question, Reply, WorkerSettings } from "./git/calls.ts"
import type { GitFailure } from "./git/GitFailure.ts"

/** The thread that speaks Git, as seen from the main loop. */
export interface GitWorker {
  /** Interruption returns at once and stops the work. A worker that does not answer in time is replaced. */
  readonly call: <Name extends CallName>(
    name: Name,
    ask: Calls[Name]["ask"],
    deadline?: number
  ) => Effect.Effect<Calls[Name]["answer"], GitFailure>
}

const entry = new URL("./git.worker.ts", import.meta.url)
const defaultDeadline = 60_000
const patience = 1_000

const ended: GitFailure = { kind: "failed", class: "transient", detail: "the Git worker ended before it answered" }

interface Running {
  readonly worker: Worker
  readonly pending: Map<number, (reply: Reply) => void>
  /** Tells all who wait that the worker is gone. */
  readonly end: () => void
}

const start = (settings: WorkerSettings, onEnd: (running: Running) => void): Running => {
  const worker = startThread(entry, {
    workerData: settings,
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 6 }
  })
  const pending: Running["pending"] = new Map()
  const end = () => {
    onEnd(running)
    for (const [id, resume] of pending) resume({ id, failure: ended })
    pending.clear()
  }
  const running: Running = { worker, pending, end }
  worker.on("message", (reply: Reply) => pending.get(reply.id)?.(reply))
  worker.on("error", end)
  worker.on("exit", end)
  worker.unref()
  return running
}

/** One worker, started by the first question and ended with the scope. */
export const make = Effect.fnUntraced(function*(
  settings: WorkerSettings
): Effect.fn.Return<GitWorker, never, Scope.Scope> {
  let current: Running | undefined
  let count = 0
  const replace = (running: Running) => {
    if (current === running) current = undefined
  }
  // A thread that hangs in a system call does not end before that call does: nobody waits for it.
  const abandon = (running: Running) =>
    Effect.sync(() => {
      running.end()
      running.worker.terminate().catch(() => {})
    })
  yield* Effect.addFinalizer(() => {
    const running = current
    if (running === undefined) return Effect.void
    return Effect.promise(() => running.worker.terminate()).pipe(Effect.timeoutOption(patience))
  })

  const ask = <Name extends CallName>(running: Running, call: Name, ask: Calls[Name]["ask"]) =>
    Effect.callback<Calls[Name]["answer"], GitFailure>((resume) => {
      const { pending, worker } = running
      const id = count++
      const settle = () => {
        pending.delete(id)
        if (pending.size === 0) worker.unref()
      }
      pending.set(id, (reply) => {
        settle()
        resume("failure" in reply ? Effect.fail(reply.failure) : Effect.succeed(reply.answer as Calls[Name]["answer"]))
      })
      worker.ref()
      worker.postMessage({ id, call, ask } as Question, [])
      return Effect.sync(() => {
        settle()
        worker.postMessage({ id, call: "cancel" } satisfies Question, [])
      })
    })

  return {
    call: (name, question, deadline = defaultDeadline) =>
      Effect.suspend(() => {
        const running = current ??= start(settings, replace)
        return ask(running, name, question).pipe(
          Effect.timeoutOrElse({
            duration: deadline,
            orElse: () =>
              Effect.andThen(
                abandon(running),
                Effect.fail<GitFailure>({
                  kind: "failed",
                  class: "transient",
                  detail: `the Git worker did not finish in ${deadline / 1_000} s`
                })
              )
          })
        )
      }).pipe(
        // Another job may have taken the worker down with it: one more try, on a fresh one.
        Effect.retry({ times: 1, while: (failure) => failure === ended })
      )
  }
})
