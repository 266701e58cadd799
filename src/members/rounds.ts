import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import type { KubeFailure } from "../domain/StageError.ts"
import { uptimeOf } from "../domain/uptime.ts"
import type { Lease } from "../kube/Leases.ts"
import { isSameView, viewOf } from "./rendezvous.ts"
import { isIn, narrowed, nothing } from "./Share.ts"
import type { Standing } from "./Standing.ts"

/** Another process holds the Lease of this one. */
export class Usurped extends Data.TaggedError("Usurped")<{ readonly instance: string; readonly holder: string }> {
  override get message() {
    return `another process (${this.holder}) runs as instance ${this.instance} and holds its Lease`
  }
}

/** What a round came to: it has to be done anew, looked at again after a while, or there is nothing left to do. */
type Turn = "anew" | "waits" | "settled"

/** So many turns in a row take no breath. */
const hasty = 5

const remedyOf = ({ reason, status }: KubeFailure, namespace: string): string =>
  status === 404
    ? `; make the namespace ${namespace}, or name another with --agent-namespace`
    : status === 403 || reason === "Forbidden"
    ? `; grant it with a Role in ${namespace}: leases of coordination.k8s.io, verbs get, list, watch, create, update, delete`
    : ""

/**
 * The turns by which a replica comes to tend its share, whenever something may have changed:
 *
 *     list ─▶ put out who expired ─▶ leave what is lost ─▶ tell the new view ─▶ list ─▶ tend what nobody else tells as its own
 *
 * Telling before looking, on all sides, makes two owners impossible, whatever a watch has missed: of two who tell that
 * something is theirs, the later sees the Lease of the earlier. Who expired is put out by deleting its Lease under the
 * version that was seen; if it renewed meanwhile that fails, and if not it learns by its next renewal that it is out.
 */
export const makeRounds = (standing: Standing) => {
  const { clock, joined, leases, own, sightings, stirred } = standing
  const { duration, instance, namespace } = own.replica
  /** The Lease of our name that another process left, as it was first listed. */
  let left: Lease | undefined
  let wasMember = false

  const now = () => uptimeOf(clock)
  const list = Effect.map(Effect.suspend(() => leases.list(own.request)), (listed) => {
    // Of who has a Lease only renewals count: a cluster may answer reads and take no writes.
    if (own.current === undefined) sightings.answered(now())
    sightings.seeAll(listed, now())
    return listed
  })
  const isOther = (lease: Lease): boolean => lease.instance !== instance

  /** Deletes the Leases of those that have not renewed them; whether all that had to is done. */
  const putOut = Effect.fnUntraced(function*(listed: ReadonlyArray<Lease>) {
    let isClear = true
    for (const lease of listed.filter((lease) => isOther(lease) && sightings.isExpired(lease.instance, now()))) {
      const age = Math.round(sightings.age(lease.instance, now()))
      const result = yield* Effect.result(leases.delete(own.request, lease))
      if (Result.isSuccess(result)) {
        yield* Effect.logWarning(`${lease.instance} has not renewed its Lease for ${age} ms: others take over`)
      } else if (result.failure.status !== 404 && result.failure.status !== 409) return yield* result.failure
      // Whether it renewed, or somebody else put it out: it is looked at again.
      isClear = false
    }
    return isClear
  })

  /** Whether the Lease of our name may be taken; one that another process keeps is no longer ours to have. */
  const isFree = Effect.fnUntraced(function*(found: Lease | undefined) {
    if (found === undefined || own.isOwn(found)) return true
    const isAlive = wasMember || left !== undefined && left.uid === found.uid && left.version !== found.version
    if (isAlive) return yield* new Usurped({ instance, holder: found.holder })
    if (own.isLeft(found) || sightings.isExpired(instance, now())) return true
    if (left === undefined) yield* Effect.logWarning(`waits until the Lease that ${found.holder} left has expired`)
    left = found
    return false
  })

  /** Ends what is not of the share: what is tended outside of it would hear of no change. */
  const leave = Effect.suspend(() => standing.hands?.leave((key) => isIn(standing.share, key)) ?? Effect.void)

  const turn = Effect.gen(function*(): Effect.fn.Return<Turn, KubeFailure | Usurped> {
    if (own.current === undefined) {
      standing.share = nothing(instance)
      // The fence is closed. Only who has nothing under way may come back.
      yield* standing.hands?.leave(() => false) ?? Effect.void
    }
    const listed = yield* list
    const found = listed.find((lease) => !isOther(lease))
    if (own.current === undefined && !(yield* isFree(found))) return "waits"
    if (own.current !== undefined && (found === undefined || !own.isOwn(found))) {
      own.drop()
      return "anew"
    }
    if (!(yield* putOut(listed))) return "anew"

    if (
      own.current === undefined && found !== undefined && !own.isOwn(found) && !sightings.isExpired(instance, now())
    ) {
      own.inherit(found)
    }
    const view = own.inherited ?? viewOf([instance, ...listed.filter(isOther).map((lease) => lease.instance)])
    const isMember = own.current !== undefined
    if (own.current === undefined || !own.isCertain || !isSameView(own.current.view, view)) {
      standing.share = narrowed(standing.share, view)
      yield* leave
      // Those who end by themselves end under the view that they have.
      if (standing.hands === undefined) return "settled"
      // It was lost meanwhile: then all have to end first.
      if (isMember !== (own.current !== undefined)) return "anew"
      if (!isMember) yield* own.acquire(view, found)
      else if ((yield* own.write(view)) !== "held") {
        own.drop()
        return "anew"
      }
      wasMember = true
      sightings.answered(now())
      return yield* tend(view, yield* list)
    }
    return yield* tend(view, listed)
  })

  /** By what was listed after the view was told: what nobody else tells as its own may be tended. */
  const tend = Effect.fnUntraced(function*(view: ReadonlyArray<string>, listed: ReadonlyArray<Lease>) {
    const found = listed.find((lease) => !isOther(lease))
    const current = own.current
    if (current === undefined || found === undefined || !own.isOwn(found) || !isSameView(found.view, view)) {
      return "anew" as const
    }
    const others = listed.filter(isOther)
    const isAgreed = others.every((other) => isSameView(other.view, view))
    standing.share = { instance, views: [view], others }
    // A view that was told by a list of before may claim what is tended here: until it is told anew, nobody has it.
    if (!isAgreed) yield* leave
    yield* joined.open
    yield* standing.hands?.moved ?? Effect.void
    if (!isSameView(viewOf([instance, ...others.map((lease) => lease.instance)]), view)) {
      return own.inherited === undefined ? "anew" as const : "waits" as const
    }
    return isAgreed ? "settled" as const : "waits" as const
  })

  const rounds = Effect.gen(function*() {
    let [failures, turns] = [0, 0]
    let told = ""
    for (;;) {
      yield* stirred.close
      const result = yield* Effect.result(turn)
      if (Result.isFailure(result)) {
        const { failure } = result
        if (failure._tag === "Usurped") return yield* failure
        const message = `this replica takes no part: ${failure.message}${remedyOf(failure, namespace)}`
        if (message !== told) yield* Effect.logError(message)
        told = message
        yield* Effect.sleep((0.5 + (yield* Random.next) / 2) * Math.min(duration / 3, 5_000, 100 * 2 ** failures++))
        continue
      }
      failures = 0
      told = ""
      if (result.success === "anew") {
        if (++turns > hasty) yield* Effect.sleep(duration / 30)
        continue
      }
      turns = 0
      // What is told by a watch comes at once; a watch that says nothing must not make anybody wait for ever.
      if (result.success === "waits") yield* Effect.timeoutOption(stirred.await, duration / 3)
      else yield* stirred.await
    }
  })
  return rounds
}
