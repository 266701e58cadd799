import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { uptimeOf } from "../domain/uptime.ts"
import type { Lease } from "../kube/Leases.ts"
import { isSameView } from "./rendezvous.ts"
import { nothing } from "./Share.ts"
import type { Standing } from "./Standing.ts"

/** How long before a watch that was refused is tried again. */
const again = "5 seconds"

/** Keeps the own Lease renewed, and has the rounds begin when something of the others' has changed. */
export const follow = (standing: Standing) => {
  const { clock, leases, own, sightings, stirred } = standing
  const { duration, instance, namespace } = own.replica
  const now = () => uptimeOf(clock)

  /** The Lease is gone, or another's: nothing may be changed any more, and what is tended has to end. */
  const lost = Effect.suspend(() => {
    own.drop()
    standing.share = nothing(instance)
    return Effect.andThen(Effect.logWarning("the Lease of this replica is lost: it begins anew"), stirred.open)
  })

  const renew = Effect.gen(function*() {
    let [failures, told] = [0, ""]
    for (;;) {
      if (own.current === undefined) {
        yield* Effect.sleep(duration / 6)
        continue
      }
      const next = own.sent === undefined ? 0 : own.sent.monotonic + duration / 3
      if (failures === 0 && next > now()) {
        yield* Effect.sleep(next - now())
        continue
      }
      const result = yield* Effect.result(own.write())
      if (Result.isFailure(result)) {
        const { message } = result.failure
        if (message !== told) yield* Effect.logWarning(`the Lease of this replica is not renewed: ${message}`)
        told = message
        yield* Effect.sleep((0.5 + (yield* Random.next) / 2) * Math.min(duration / 6, 100 * 2 ** failures++))
        continue
      }
      ;[failures, told] = [0, ""]
      if (result.success === "held") sightings.answered(now())
      if (result.success !== "held" && own.current !== undefined) yield* lost
    }
  })

  /** Whether the others share the work otherwise than before. */
  const isNews = (lease: Lease): boolean => {
    const before = sightings.get(lease.instance)
    return before === undefined || before.uid !== lease.uid || before.process !== lease.process ||
      !isSameView(before.view, lease.view)
  }
  const see = (lease: Lease) =>
    Effect.suspend(() => {
      const isOther = lease.instance !== instance && isNews(lease)
      sightings.see(lease, now())
      // It may be an old event: the round that it begins looks by itself.
      return isOther || lease.instance === instance && !own.isOwn(lease) ? stirred.open : Effect.void
    })
  const watch = Stream.runForEach(leases.watch(namespace), (event) => {
    if (event._tag === "Bookmark") return Effect.void
    if (event._tag === "Listed") {
      const listed = event.objects.filter((lease) => lease !== undefined)
      return Effect.suspend(() => {
        const isOther = sightings.all().some(({ uid }) => !listed.some((lease) => lease.uid === uid))
        return Effect.andThen(Effect.forEach(listed, see, { discard: true }), isOther ? stirred.open : Effect.void)
      })
    }
    const lease = event.object
    if (lease === undefined) return Effect.void
    if (event._tag === "Changed") return see(lease)
    sightings.lose(lease)
    // Of one uid there is no other: that this one is gone is no old news.
    return lease.uid === own.current?.uid ? lost : Effect.asVoid(stirred.open)
  }).pipe(
    Effect.catch(({ message }) => Effect.logError(`other replicas are not seen: ${message}`)),
    Effect.andThen(Effect.sleep(again)),
    Effect.forever
  )

  /** Nothing tells that somebody has *not* renewed. */
  const expiries = Effect.gen(function*() {
    for (;;) {
      const end = sightings.nextExpiry(now())
      yield* Effect.sleep(end === undefined ? duration / 3 : Math.max(1, end - now()))
      const isExpired = sightings.all().some((lease) => !own.isOwn(lease) && sightings.isExpired(lease.instance, now()))
      if (isExpired) yield* stirred.open
    }
  })

  return Effect.all([renew, watch, expiries], { concurrency: "unbounded", discard: true })
}
