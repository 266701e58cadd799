import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { KubeFailure } from "../../src/domain/StageError.ts"
import { LeaseFence } from "../../src/kube/Fence.ts"
import type { CollectionEvent } from "../../src/kube/KubeReader.ts"
import { type Lease, Leases, type LeaseSpec } from "../../src/kube/Leases.ts"
import { Members } from "../../src/members/Members.ts"
import type { Place } from "../../src/members/Place.ts"
import type { Chances } from "./chances.ts"
import { placeOf } from "./placeOf.ts"

/** Milliseconds. */
export const duration = 3_000
export const keys = Array.from({ length: 24 }, (_, index) => `shop/delivery-${index}`)

type Answer = Effect.Effect<unknown, KubeFailure>

/** A request on its way: to the store, then back. */
interface Request {
  readonly member: Member
  readonly perform: () => Answer
  readonly resume: (answer: Answer) => void
  /** It is on the wire: nobody can take it back. */
  isSent: boolean
}

type Event = CollectionEvent<Lease | undefined>

/** A write to an object that was sent and may still be made. */
interface Write {
  readonly key: string
  readonly until: number
}

export interface Member {
  readonly name: string
  readonly place: Place
  readonly members: Members["Service"]
  readonly fence: LeaseFence
  readonly clock: Clock.Clock
  readonly scope: Scope.Closeable
  readonly events: Queue.Queue<Event>
  /** What its watch has not told yet. */
  readonly behind: Array<Event>
  readonly writes: Set<Write>
  /** Lanes that end as soon as their writes are over. */
  readonly leaving: Array<{ readonly keeps: (key: string) => boolean; readonly done: Deferred.Deferred<void> }>
  readonly running: Set<string>
  isPaused: boolean
  /** It lives, and the cluster does not answer it. */
  isCut: boolean
  isDead: boolean
}

const failure = (status: number, reason: string) =>
  new KubeFailure({ status, reason, detail: reason, verb: "", resource: "leases", identity: "", causes: [] })

/** Replicas on a store of Leases whose requests, answers and watches come late, twice, or never. */
export class World {
  readonly members: Array<Member> = []
  readonly requests: Array<Request> = []
  readonly answers: Array<{ readonly request: Request; readonly answer: Answer }> = []
  readonly #leases = new Map<string, Lease>()
  readonly #time: Clock.Clock
  readonly #chance: Chances
  #version = 0

  constructor(time: Clock.Clock, chance: Chances) {
    ;[this.#time, this.#chance] = [time, chance]
  }

  get now(): number {
    return this.#time.currentTimeMillisUnsafe()
  }

  #told(event: Event) {
    for (const { behind, isDead } of this.members) if (!isDead) behind.push(event)
  }

  readonly store = {
    list: () => Effect.succeed([...this.#leases.values()]),
    create: (spec: LeaseSpec): Answer => {
      if (this.#leases.has(spec.instance)) return Effect.fail(failure(409, "AlreadyExists"))
      const lease = { ...spec, uid: `uid-${++this.#version}`, version: String(this.#version) }
      this.#leases.set(spec.instance, lease)
      this.#told({ _tag: "Changed", object: lease })
      return Effect.succeed(lease)
    },
    replace: (before: Lease, spec: LeaseSpec): Answer => {
      const now = this.#leases.get(spec.instance)
      if (now === undefined) return Effect.fail(failure(404, "NotFound"))
      if (now.uid !== before.uid || now.version !== before.version) return Effect.fail(failure(409, "Conflict"))
      const lease = { ...spec, uid: now.uid, version: String(++this.#version) }
      this.#leases.set(spec.instance, lease)
      this.#told({ _tag: "Changed", object: lease })
      return Effect.succeed(lease)
    },
    delete: (lease: Lease, anyVersion: boolean): Answer => {
      const now = this.#leases.get(lease.instance)
      if (now === undefined) return Effect.fail(failure(404, "NotFound"))
      if (now.uid !== lease.uid || !anyVersion && now.version !== lease.version) {
        return Effect.fail(failure(409, "Conflict"))
      }
      this.#leases.delete(lease.instance)
      this.#told({ _tag: "Deleted", object: now })
      return Effect.void
    }
  }

  get leases(): ReadonlyArray<Lease> {
    return [...this.#leases.values()]
  }

  #rights(member: () => Member): Leases["Service"] {
    const ask = <A>(perform: () => Answer): Effect.Effect<A, KubeFailure> =>
      Effect.callback<A, KubeFailure>((resume) => {
        const resumed = (answer: Answer) => resume(answer as Effect.Effect<A, KubeFailure>)
        this.requests.push({
          member: member(),
          perform,
          resume: resumed,
          isSent: !member().isPaused && !member().isDead
        })
      })
    return {
      list: () => ask(this.store.list),
      create: (_, spec) => ask(() => this.store.create(spec)),
      replace: (_, before, spec) => ask(() => this.store.replace(before, spec)),
      delete: (_, lease, anyVersion = false) => ask(() => this.store.delete(lease, anyVersion)),
      watch: () => Stream.fromQueue(member().events)
    }
  }

  /** A replica begins; one of the same name may have been there before, or be there. */
  readonly begin = Effect.fnUntraced(function*(this: World, name: string, where: string) {
    const place = placeOf(where, this.members)
    const time = this.#time
    const [skew, pace] = [this.#chance.below(100_000_000), 0.97 + 0.06 * this.#chance.next()]
    // Clocks that tell other times, and go at other paces.
    const clock: Clock.Clock = {
      ...time,
      currentTimeMillisUnsafe: () => time.currentTimeMillisUnsafe() + skew,
      currentTimeMillis: Effect.map(time.currentTimeMillis, (now) => now + skew),
      monotonicTimeNanosUnsafe: () => BigInt(Math.round(Number(time.monotonicTimeNanosUnsafe()) * pace)),
      sleep: (length) => time.sleep(length)
    }
    const [scope, fence] = [yield* Scope.make(), new LeaseFence()]
    const events = yield* Queue.unbounded<Event>()
    let made: Member
    const rights = Layer.succeed(Leases, this.#rights(() => made))
    const options = { instance: name, place, namespace: "sluice-system", duration, fence }
    const context = yield* Effect.provideService(
      Layer.buildWithScope(Layer.provide(Members.layer(options), rights), scope),
      Clock.Clock,
      clock
    )
    const member: Member = {
      name,
      place,
      members: Context.get(context, Members),
      fence,
      clock,
      scope,
      events,
      behind: this.leases.map((lease) => ({ _tag: "Changed" as const, object: lease })),
      writes: new Set(),
      leaving: [],
      running: new Set(),
      isPaused: false,
      isCut: false,
      isDead: false
    }
    made = member
    this.members.push(member)
    const leave = (keeps: (key: string) => boolean) =>
      Effect.suspend(() => {
        const done = Deferred.makeUnsafe<void>()
        member.leaving.push({ keeps, done })
        return Deferred.await(done)
      })
    const moved = Effect.sync(() => {
      for (const key of keys) if (member.members.tends(key)) member.running.add(key)
    })
    const joining = Effect.gen(function*() {
      yield* Effect.addFinalizer(() => leave(() => false))
      yield* member.members.join({ leave, moved, count: () => member.running.size }, undefined)
      return yield* Effect.never
    }).pipe(Effect.scoped, Effect.provideService(Clock.Clock, clock), Random.withSeed(this.#version))
    // A process that finds another in its place stops.
    const ends = Effect.raceFirst(joining, Effect.ignore(member.members.ended))
    yield* Effect.forkIn(
      Effect.andThen(ends, Effect.sync(() => member.isDead = true)),
      scope
    )
    return member
  })

  /** It ends well: what is under way ends, then the Lease is given back. */
  release(member: Member) {
    return Effect.forkDetach(
      Effect.andThen(Scope.close(member.scope, Exit.void), Effect.sync(() => member.isDead = true))
    )
  }

  /** It is no more, at once. */
  crash(member: Member): void {
    member.isDead = true
  }

  /** The store takes a request, or nobody ever hears of it. Its answer is lost at times. */
  take(request: Request, isLost: boolean): void {
    this.requests.splice(this.requests.indexOf(request), 1)
    const answer = isLost ? Effect.fail(failure(0, "DEADLINE")) : Effect.exit(request.perform())
    if (isLost) return void this.answers.push({ request, answer })
    const performed = Effect.runSync(answer as Effect.Effect<Exit.Exit<unknown, KubeFailure>>)
    this.answers.push({ request, answer: performed })
  }

  /** A request is given up by who made it, and taken by the store much later. */
  delay(request: Request): void {
    if (request.member.isPaused || request.member.isDead) return
    request.resume(Effect.fail(failure(0, "DEADLINE")))
  }

  answer(): void {
    const index = this.answers.findIndex(({ request: { member } }) => !member.isPaused)
    const [next] = index < 0 ? [] : this.answers.splice(index, 1)
    if (next !== undefined && !next.request.member.isDead) next.request.resume(next.answer)
  }

  /** Watches tell some of what they have not told. */
  tell(member: Member, count: number): void {
    if (member.isPaused || member.isDead || member.isCut) return
    for (const event of member.behind.splice(0, count)) Queue.offerUnsafe(member.events, event)
  }

  pause(member: Member, isPaused: boolean): void {
    member.isPaused = isPaused
    if (!isPaused) { for (const request of this.requests) if (request.member === member) request.isSent = true }
  }

  isOpen({ clock, fence }: Member): boolean {
    return fence.left(clock) !== undefined
  }

  /** What a member runs, and would not hear about any more: neither does it tend it, nor is it about to end it. */
  deafTo({ isDead, leaving, members, running }: Member): ReadonlyArray<string> {
    return isDead || leaving.length > 0 ? [] : [...running].filter((key) => !members.tends(key))
  }

  /** A lane of a member writes, if it may. */
  write(member: Member, key: string): void {
    if (member.isDead || member.isPaused || !member.running.has(key)) return
    const left = member.fence.left(member.clock)
    if (left === undefined) return
    member.writes.add({ key, until: this.now + left * this.#chance.next() })
  }

  /** What is over by now: writes, and lanes that waited for them. */
  settle(): void {
    for (const member of this.members) {
      for (const write of member.writes) if (write.until <= this.now) member.writes.delete(write)
      if (member.isDead || member.isPaused) continue
      for (const { done, keeps } of member.leaving.splice(0)) {
        for (const key of member.running) if (!keeps(key)) member.running.delete(key)
        const isOver = [...member.writes].every(({ key }) => keeps(key))
        if (isOver) Deferred.doneUnsafe(done, Effect.void)
        else member.leaving.push({ done, keeps })
      }
    }
  }

  /** Who takes over at once from a process that has ended, whatever is still under way of it; else it. */
  #heirOf(member: Member): Member {
    const heir = this.members.slice(this.members.indexOf(member) + 1)
      .find(({ name, place }) => member.isDead && name === member.name && place.isOver(member.place.name))
    return heir === undefined ? member : this.#heirOf(heir)
  }

  /** Which processes may write a key now, or have a write under way. */
  writersOf(key: string): ReadonlyArray<string> {
    return this.members.flatMap((member) => {
      const isWriting = [...member.writes].some((write) => write.key === key && write.until > this.now)
      const mayWrite = !member.isDead && member.running.has(key) && this.isOpen(member)
      const { name, place } = this.#heirOf(member)
      return isWriting || mayWrite ? [`${name} in ${place.name}`] : []
    }).filter((writer, index, all) => all.indexOf(writer) === index)
  }
}
