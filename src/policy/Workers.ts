import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Semaphore from "effect/Semaphore"
import type { Worker } from "node:worker_threads"
import { startThread } from "../programs/thread.ts"
import * as Queue from "../telemetry/Queue.ts"
import type { Judge, Loadable, Reply, Request } from "./protocol.ts"

/** The worker ended, or was ended, without an answer. */
export class WorkerLost extends Data.TaggedError("WorkerLost")<{
  readonly why: "deadline" | "crash"
  readonly detail: string
}> {}

type Judged = Extract<Reply, { readonly type: "judged" }>

interface Handle {
  readonly worker: Worker
  /** Which set the worker has loaded. */
  loaded: string | undefined
  isReady: boolean
  hasEnded: boolean
}

/** 30 s: a thread that has not even started by then never will. */
const startDeadline = "30 seconds"

/** The next message of a worker, or its end. */
const next = ({ worker }: Handle, request?: () => void): Effect.Effect<Reply, WorkerLost> =>
  Effect.callback((resume) => {
    const off = () => {
      worker.off("message", onMessage)
      worker.off("error", onError)
      worker.off("exit", onExit)
    }
    const done = (result: Effect.Effect<Reply, WorkerLost>) => {
      off()
      resume(result)
    }
    const lost = (detail: string) => done(Effect.fail(new WorkerLost({ why: "crash", detail })))
    const onMessage = (reply: Reply) => done(Effect.succeed(reply))
    const onError = (error: Error) => lost(error.message)
    const onExit = (code: number) => lost(`the worker ended with code ${code}`)
    worker.on("message", onMessage)
    worker.on("error", onError)
    worker.on("exit", onExit)
    request?.()
    return Effect.sync(off)
  })

const start = (): Handle => {
  const worker = startThread(new URL("./policy.worker.ts", import.meta.url), {
    name: "policy",
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 256, stackSizeMb: 4 }
  })
  worker.unref()
  const handle: Handle = { worker, loaded: undefined, isReady: false, hasEnded: false }
  worker.once("message", () => {
    handle.isReady = true
  })
  worker.once("exit", () => {
    handle.hasEnded = true
  })
  // An "error" that nobody listens to would end the process; whoever waits for an answer hears it too.
  worker.on("error", () => undefined)
  return handle
}

const send = ({ worker }: Handle, request: Request, transferred: ReadonlyArray<ArrayBuffer>) =>
  worker.postMessage(request, transferred)

/** A set of compiled policies, under a name that tells it from every other. */
export interface LoadedSet {
  readonly digest: string
  readonly policies: ReadonlyArray<Loadable>
}

/** Milliseconds after which a job no longer holds up the next one: it goes on beside it, in a thread of its own. */
const patience = 250

/**
 * Threads for policies, kept warm, each for one job at a time, and ended (2 to 5 ms) when its job misses the deadline or is
 * interrupted. One is enough for jobs that are quick; one that is not after a quarter of a second lets the next begin, up
 * to `most` at a time. The deadline does not count waiting and starting.
 */
export const make = Effect.fnUntraced(function*(most: number) {
  const [permits, turn] = [yield* Semaphore.make(most), yield* Semaphore.make(1)]
  const queue = yield* Queue.make("policy")
  const idle: Array<Handle> = []
  const end = ({ worker }: Handle) => Effect.promise(() => worker.terminate())
  yield* Effect.addFinalizer(() => Effect.forEach(idle.splice(0), end, { discard: true }))

  const take = Effect.sync(() => {
    let handle = idle.pop()
    while (handle?.hasEnded === true) handle = idle.pop()
    handle ??= start()
    handle.worker.ref()
    return handle
  })
  const give = (handle: Handle, exit: Exit.Exit<unknown, unknown>) => {
    if (Exit.isFailure(exit) || idle.length > 0) return end(handle)
    return Effect.sync(() => {
      handle.worker.unref()
      idle.push(handle)
    })
  }
  const ready = Effect.fnUntraced(function*(handle: Handle) {
    if (handle.isReady) return
    yield* next(handle).pipe(Effect.timeoutOrElse({
      duration: startDeadline,
      orElse: () => Effect.fail(new WorkerLost({ why: "crash", detail: "the worker did not start" }))
    }))
    handle.isReady = true
  })

  const ask = Effect.fnUntraced(function*(handle: Handle, set: LoadedSet, judge: Judge, deadline: Duration.Input) {
    yield* ready(handle)
    const request = () => {
      if (handle.loaded !== set.digest) send(handle, { type: "load", policies: set.policies }, [])
      handle.loaded = set.digest
      send(handle, judge, [judge.bytes.buffer])
    }
    const reply = yield* next(handle, request).pipe(Effect.timeoutOrElse({
      duration: deadline,
      orElse: () => Effect.fail(new WorkerLost({ why: "deadline", detail: "the deadline passed" }))
    }))
    if (reply.type === "judged") return reply satisfies Judged
    return yield* new WorkerLost({ why: "crash", detail: reply.type === "failed" ? reply.detail : "no answer" })
  })

  /** Holds the turn until it is done, or for a quarter of a second. */
  const inTurn = <A, E, R>(job: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        yield* restore(Semaphore.take(turn, 1))
        let isHeld = true
        const pass = Effect.suspend(() => {
          if (!isHeld) return Effect.void
          isHeld = false
          return Semaphore.release(turn, 1)
        })
        const waiting = yield* Effect.forkChild(Effect.andThen(Effect.sleep(patience), pass))
        return yield* restore(job).pipe(Effect.ensuring(Effect.andThen(pass, Fiber.interrupt(waiting))))
      })
    )

  return {
    /** Starts a thread, if none is there, so that the first job finds it warm. */
    warm: Effect.sync(() => {
      if (idle.length === 0) idle.push(start())
    }),
    judge: (set: LoadedSet, judge: Judge, deadline: Duration.Input) =>
      queue((effect) => permits.withPermit(inTurn(effect)))(
        Effect.acquireUseRelease(take, (handle) => ask(handle, set, judge, deadline), give)
      )
  }
})
export type Workers = Effect.Success<ReturnType<typeof make>>
