import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Pool from "effect/Pool"
import type { Worker } from "node:worker_threads"
import { startThread } from "../programs/thread.ts"
import type { Answer, Job } from "./parse.worker.ts"

const start = Effect.acquireRelease(
  Effect.callback<Worker, string>((resume) => {
    const worker = startThread(new URL("./parse.worker.ts", import.meta.url), {
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 512, maxYoungGenerationSizeMb: 3 }
    })
    worker.once("online", () => resume(Effect.succeed(worker)))
    // stays for the worker's life: an error that nobody listens to would end the process
    worker.on("error", (error) => resume(Effect.fail(String(error))))
    return Effect.promise(() => worker.terminate())
  }),
  (worker) => Effect.promise(() => worker.terminate())
)

const ask = (worker: Worker, job: Job) =>
  Effect.callback<Answer, string>((resume) => {
    const finish = (result: Effect.Effect<Answer, string>) => {
      release()
      resume(result)
    }
    const onMessage = (answer: Answer) => finish(Effect.succeed(answer))
    const onError = (error: unknown) => finish(Effect.fail(String(error)))
    const onExit = () => finish(Effect.fail("the parser ran out of memory"))
    const release = () => {
      worker.off("message", onMessage).off("error", onError).off("exit", onExit)
    }
    worker.on("message", onMessage).on("error", onError).on("exit", onExit)
    worker.postMessage(job, [])
    return Effect.sync(release)
  })

/**
 * Threads that parse, so that the event loop never waits for YAML: started when needed, gone after a second without
 * work. A job that is interrupted or outlives the deadline takes its thread with it; fails with the reason.
 */
export const make = Effect.fnUntraced(function*(options: {
  readonly workers: number
  readonly deadline: Duration.Input
}) {
  const pool = yield* Pool.makeWithTTL({ acquire: start, min: 0, max: options.workers, timeToLive: "1 second" })
  return (job: Job): Effect.Effect<Answer, string> =>
    Effect.scoped(Effect.flatMap(Pool.get(pool), (worker) =>
      ask(worker, job).pipe(
        Effect.timeoutOrElse({
          duration: options.deadline,
          orElse: () => Effect.fail("it takes too long to parse")
        }),
        Effect.onExit((exit) =>
          Exit.isSuccess(exit)
            ? Effect.void
            : Effect.andThen(Effect.promise(() => worker.terminate()), Pool.invalidate(pool, worker))
        )
      )))
})
