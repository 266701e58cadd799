import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type * as PlatformError from "effect/PlatformError"
import type * as Scope from "effect/Scope"
import { hostname } from "node:os"

const touched = 15_000
const abandoned = 60_000

const isAlive = (pid: number) => Effect.isSuccess(Effect.try(() => process.kill(pid, 0)))

/**
 * Holds a lock file until the scope closes, so that of several processes one works and the others wait.
 *
 * A lock is taken over when its process is dead or, on another host, when it was not touched for a minute. If two
 * take over at the same moment both may go on: what the lock guards has to be atomic by itself.
 */
export const acquire = Effect.fnUntraced(function*(file: string, onWait: Effect.Effect<void>): Effect.fn.Return<
  void,
  PlatformError.PlatformError,
  FileSystem.FileSystem | Scope.Scope
> {
  const files = yield* FileSystem.FileSystem
  const mine = `${process.pid} ${hostname()}`

  const isStale = Effect.gen(function*() {
    const [pid, host] = (yield* files.readFileString(file)).split(" ")
    if (host === hostname()) return !(yield* isAlive(Number(pid)))
    const { mtime } = yield* files.stat(file)
    const now = yield* Clock.currentTimeMillis
    return Option.exists(mtime, (time) => now - time.getTime() > abandoned)
  }).pipe(Effect.orElseSucceed(() => false)) // it went away: the next try will tell

  const take: Effect.Effect<boolean, PlatformError.PlatformError> = files.writeFileString(file, mine, { flag: "wx" })
    .pipe(
      Effect.as(true),
      Effect.catchIf((error) => error.reason._tag === "AlreadyExists", () => Effect.succeed(false))
    )

  const release = Effect.ignore(files.remove(file, { force: true }))

  const hold = Effect.uninterruptible(
    Effect.tap(take, (taken) => taken ? Effect.addFinalizer(() => release) : Effect.void)
  )

  let waiting = false
  while (!(yield* hold)) {
    if (yield* isStale) {
      yield* release
      continue
    }
    if (!waiting) yield* onWait
    waiting = true
    yield* Effect.sleep(200)
  }

  yield* Clock.currentTimeMillis.pipe(
    Effect.flatMap((now) => files.utimes(file, now / 1000, now / 1000)),
    Effect.ignore,
    Effect.delay(touched),
    Effect.forever,
    Effect.forkScoped
  )
})
