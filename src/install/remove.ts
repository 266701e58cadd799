import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { apiVersion } from "../api/v1alpha1/Delivery.ts"
import { until } from "../apply/wait.ts"
import { at } from "../domain/Json.ts"
import { display, type ObjectRef } from "../domain/ObjectRef.ts"
import { refusalOf } from "../domain/refusal.ts"
import { ApplyFailed, HealthTimeout } from "../domain/StageError.ts"
import { InstallWriter } from "../kube/InstallWriter.ts"
import { KubeReader } from "../kube/KubeReader.ts"
import { liveMetadata } from "../kube/liveMetadata.ts"
import { booksRef } from "./books.ts"
import { othersIn } from "./contents.ts"
import { inStages } from "./stages.ts"
import { isHeld, type LivePart, othersOf, type Owner, ownerOf, ownersIn, type Standing } from "./standing.ts"
import { stopAgent } from "./stop.ts"
import { readFailed, writeFailed } from "./survey.ts"

export interface Removal {
  readonly standing: Standing
  readonly namespace: string
  /** Whether the running agent first deletes what Deliveries own. */
  readonly prune: boolean
  /** Whether definitions, and with them Deliveries, PolicyBundles and Notifiers, stay. */
  readonly keepDefinitions: boolean
  /** Milliseconds for each thing that is waited for. */
  readonly timeout: number
  readonly removed: (ref: ObjectRef) => Effect.Effect<void>
  readonly progress: (text: string) => Effect.Effect<void>
}

const told = 5

const some = (names: ReadonlyArray<string>): string =>
  names.length > told ? `${names.slice(0, told).join(", ")} and ${names.length - told} more` : names.join(", ")

const refOf = ({ name, namespace }: Owner): ObjectRef => ({ group: "sluice.dev", kind: "Delivery", namespace, name })
const names = (owners: ReadonlyArray<Owner>): string => some(owners.map((owner) => `${owner.namespace}/${owner.name}`))

/** Deletes every Delivery and waits until the agent has seen the last one off. */
const pruneAll = Effect.fnUntraced(function*({ progress, timeout }: Removal) {
  const writer = yield* InstallWriter
  const deadline = (yield* Clock.currentTimeMillis) + timeout
  let before = -1
  for (let turn = 0;; turn++) {
    const owners = yield* ownersIn
    if (owners.length === 0) return
    if (owners.length !== before) yield* progress(`Deliveries still there: ${owners.length}`)
    before = owners.length
    yield* Effect.forEach(
      owners.filter(({ deleting }) => !deleting),
      (owner) => Effect.mapError(writer.delete(apiVersion, refOf(owner), owner.uid), writeFailed(undefined)),
      { concurrency: 16, discard: true }
    )
    if ((yield* Clock.currentTimeMillis) >= deadline) {
      return yield* new HealthTimeout({
        detail: `not gone after ${timeout / 1_000} s: ${names(owners)}; the agent is still there`,
        hint: "sluice explain says what holds one. Run this again to go on waiting; without --prune what is left stays."
      })
    }
    yield* Effect.sleep(Math.min(1_000, 100 * (turn + 1)))
  }
})

const tries = 5

/** Takes our finalizer off a Delivery: from then on its deletion deletes nothing else. */
const release = Effect.fnUntraced(function*(owner: Owner) {
  const [reader, writer] = [yield* KubeReader, yield* InstallWriter]
  let current = owner
  for (let attempt = 1; isHeld(current); attempt++) {
    const raced = yield* writer.release(current, othersOf(current)).pipe(
      Effect.as(false),
      Effect.catchIf(
        (failure) => refusalOf(failure) === "conflict" && attempt < tries,
        () => Effect.succeed(true)
      ),
      Effect.mapError(writeFailed(undefined))
    )
    if (!raced) return
    const object = yield* Effect.mapError(reader.get(apiVersion, refOf(current)), readFailed)
    if (object === undefined) return
    current = ownerOf(object)
  }
})

const isDefinition = ({ ref }: LivePart): boolean => ref.kind === "CustomResourceDefinition"
const isHome = (namespace: string) => ({ ref }: LivePart): boolean => ref.kind === "Namespace" && ref.name === namespace

const gone = (part: LivePart, timeout: number, hint: string) =>
  Effect.flatMap(KubeReader, (reader) =>
    until(
      Effect.map(
        Effect.mapError(reader.get(part.apiVersion, part.ref), readFailed),
        (object) => object === undefined || at(object, "metadata", "uid") !== part.uid ? true : undefined
      ),
      timeout,
      () => new ApplyFailed({ object: part.ref, detail: "is not gone in time", class: "transient", hint })
    ))

const removeParts = Effect.fnUntraced(function*(parts: ReadonlyArray<LivePart>, { removed }: Removal) {
  const writer = yield* InstallWriter
  for (const stage of inStages(parts).toReversed()) {
    yield* Effect.forEach(
      stage,
      ({ apiVersion, ref, uid }) =>
        Effect.andThen(
          Effect.mapError(writer.delete(apiVersion, ref, uid), writeFailed(undefined)),
          removed(ref)
        ),
      { concurrency: 8, discard: true }
    )
  }
})

/** The definitions, and all that was made by them: nothing of it has a finalizer of ours any more. */
const removeDefinitions = Effect.fnUntraced(function*(parts: ReadonlyArray<LivePart>, removal: Removal) {
  yield* removeParts(parts, removal)
  for (const part of parts) {
    yield* gone(
      part,
      removal.timeout,
      "Something made by it has a finalizer that is not ours: kubectl get it -A -o yaml, and run this again."
    )
  }
})

/** The namespace, if nothing else is in it; why it stays, if it does. */
const removeHome = Effect.fnUntraced(function*(removal: Removal, home: LivePart | undefined) {
  const { keepDefinitions, namespace, removed } = removal
  const [reader, writer] = [yield* KubeReader, yield* InstallWriter]
  const others = home === undefined ? [] : yield* othersIn(namespace, keepDefinitions)
  if (home !== undefined && others.length === 0) {
    yield* Effect.mapError(writer.delete(home.apiVersion, home.ref, home.uid), writeFailed(undefined))
    yield* removed(home.ref)
    yield* gone(home, removal.timeout, "kubectl get namespace -o yaml says what is still in it; it goes on by itself.")
    return undefined
  }
  const ref = booksRef(namespace)
  const books = yield* Effect.mapError(reader.get("v1", ref), readFailed)
  if (books !== undefined) {
    const { uid } = liveMetadata("v1", ref.kind, books)
    yield* Effect.mapError(writer.delete("v1", ref, uid), writeFailed(undefined))
    yield* removed(ref)
  }
  return home === undefined ? undefined : `namespace ${namespace} stays, for it holds ${some(others)}`
})

/**
 * Takes an installation away in an order in which nothing of what Deliveries own goes by the way: the agent first, then
 * the finalizers, then the rest. Whatever ends it, another run goes on where it ended. Answers why the namespace stays,
 * if it does.
 */
export const remove = Effect.fn("install.remove")(function*(removal: Removal) {
  const { keepDefinitions, namespace, progress, prune, standing: { parts }, timeout } = removal
  if (prune) yield* pruneAll(removal)
  yield* progress("stopping the agent")
  yield* stopAgent(parts, namespace, timeout)
  const owners = (yield* ownersIn).filter(isHeld)
  if (owners.length > 0) yield* progress(`letting Deliveries go, whose objects stay: ${owners.length}`)
  yield* Effect.forEach(owners, release, { concurrency: 16, discard: true })
  const isOwn = isHome(namespace)
  const [definitions, rest] = [parts.filter(isDefinition), parts.filter((part) => !isDefinition(part) && !isOwn(part))]
  yield* removeParts(rest, removal)
  if (!keepDefinitions) yield* removeDefinitions(definitions, removal)
  return yield* removeHome(removal, parts.find(isOwn))
})

/** Whom it would hold up: `undefined` where an agent is there that sees Deliveries off. */
export const agentMissing = Effect.fnUntraced(function*(parts: ReadonlyArray<LivePart>) {
  const reader = yield* KubeReader
  const agent = parts.find(({ ref }) => ref.kind === "StatefulSet")
  const object = agent === undefined
    ? undefined
    : yield* Effect.mapError(reader.get(agent.apiVersion, agent.ref), readFailed)
  const ready = at(object, "status", "readyReplicas")
  return typeof ready === "number" && ready > 0
    ? undefined
    : agent === undefined
    ? "no agent is installed"
    : `${display(agent.ref)} has no ready pod`
})
