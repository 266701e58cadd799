import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { LabelName } from "../api/v1alpha1/fields.ts"
import { type JsonObject } from "../domain/Json.ts"
import { at } from "../domain/Json.ts"
import type { Manifest } from "../domain/Manifest.ts"
import { display, type ObjectRef } from "../domain/ObjectRef.ts"
import { ApplyConflict, InvalidSpec } from "../domain/StageError.ts"
import type { Books } from "../install/books.ts"
import { carryOut, counts, type Done } from "../install/carryOut.ts"
import { choose } from "../install/choice.ts"
import { foreignAgent } from "../install/foreign.ts"
import { imageName, render } from "../install/overlay.ts"
import { untilReady } from "../install/ready.ts"
import { installedIn } from "../install/standing.ts"
import { readBooks, type Survey, survey } from "../install/survey.ts"
import { type Given, textOf } from "./commandLine.ts"
import { document, json, listOf, nameLine } from "./documents.ts"
import { duration } from "./duration.ts"
import { Failures } from "./Failures.ts"
import * as print from "./print.ts"
import { durationOf } from "./scope.ts"

export const defaultNamespace = "sluice-system"

const isNamespace = Schema.is(LabelName)

/** The namespace that is said; what can be none is refused before anybody is asked. */
export const namespaceSaid = (given: Given): Effect.Effect<string | undefined, InvalidSpec> => {
  const said = textOf(given, "namespace")
  return said === undefined || isNamespace(said)
    ? Effect.succeed(said)
    : Effect.fail(
      new InvalidSpec({
        detail: `--namespace ${JSON.stringify(said)} is no name of a namespace`,
        hint: `Up to 63 lower-case letters, digits and dashes, such as ${defaultNamespace}.`
      })
    )
}

/** The namespace that is said, else where the cluster's installation is. */
export const agentNamespace = Effect.fnUntraced(function*(given: Given) {
  return (yield* namespaceSaid(given)) ?? (yield* installedIn) ?? defaultNamespace
})

/** The YAML of an overlay, in the order in which it is to be applied. */
const exported = Effect.fnUntraced(function*(given: Given, version: string) {
  const overlay = textOf(given, "overlay") ?? "quickstart"
  const manifests = yield* render({
    overlay,
    namespace: (yield* namespaceSaid(given)) ?? defaultNamespace,
    image: textOf(given, "image"),
    isMarked: false
  })
  if (textOf(given, "output") === "json") {
    yield* print.result(json(listOf(manifests.map(({ object }) => object)), 2))
    return 0
  }
  const documents = yield* Effect.forEach(manifests, ({ object }) => document("yaml", object))
  yield* print.result(
    `# sluice install --export --overlay ${overlay}, of version ${version}\n${documents.join("---\n")}`
  )
  return 0
})

/** Why nothing is written: each object that somebody else keeps, or has changed. */
const objections = (
  { conflicts, keepers }: Survey,
  { namespace, overlay }: { readonly namespace: string; readonly overlay: string }
): ReadonlyArray<ApplyConflict> => {
  const [first] = keepers
  if (first !== undefined) {
    const more = keepers.length > 1 ? ` and ${keepers.length - 1} more objects` : ""
    const detail = `${display(first.ref)}${more} is kept by ${first.who}; nothing was written`
    return [new ApplyConflict({ detail, hint: first.help })]
  }
  return conflicts.map(({ fields, ref }) =>
    new ApplyConflict({
      object: ref,
      detail: `${fields.join("; ")}; nothing was written`,
      hint:
        "Somebody changed it in the cluster. --force-conflicts takes it over; else put it back as it was, or keep " +
        `your change in Git: sluice install --export --overlay ${overlay} -n ${namespace}.`
    })
  )
}

const objectOf = ({ group, kind, name, namespace }: ObjectRef): JsonObject => ({
  group,
  kind,
  ...namespace === "" ? {} : { namespace },
  name
})

interface Report {
  readonly books: Omit<Books, "parts">
  readonly before: Books | undefined
  readonly namespace: string
  readonly done: ReadonlyArray<Done>
  readonly dryRun: boolean
  /** Milliseconds until the agent was ready; undefined where nobody waited. */
  readonly ready: number | undefined
}

const words = { created: "created", configured: "configured", unchanged: "unchanged", pruned: "pruned" }

/** `statefulset.apps/sluice configured`. */
export const lineOf = ({ action, ref }: Done, dryRun: boolean): string =>
  `${nameLine(ref)} ${words[action]}${dryRun ? " (dry run)" : ""}`

/** What it came to, in a sentence. */
export const summary = ({ before, books, done, dryRun, namespace, ready }: Report): string => {
  const { configured, created, pruned, unchanged } = counts(done)
  const changes = `${created} created, ${configured} configured, ${unchanged} unchanged, ${pruned} pruned`
  const from = before === undefined || before.version === books.version ? "" : `${before.version} -> `
  const what = `sluice ${from}${books.version}, overlay ${books.overlay}, in namespace ${namespace}`
  const end = ready === undefined ? "" : `; the agent is ready (${duration(ready)})`
  return dryRun ? `${what} would be: ${changes}` : `${what}: ${changes}${end}`
}

const reportOf = ({ before, books, done, dryRun, namespace, ready }: Report): JsonObject => ({
  apiVersion: "cli.sluice.dev/v1",
  kind: "InstallReport",
  version: books.version,
  ...before === undefined ? {} : { before: before.version },
  overlay: books.overlay,
  namespace,
  ...books.image === undefined ? {} : { image: books.image },
  dryRun,
  ready: ready !== undefined,
  changes: counts(done),
  objects: done.map(({ action, ref }) => ({ action, object: objectOf(ref) }))
})

const imageOf = (manifests: ReadonlyArray<Manifest>): string => {
  const agent = manifests.find(({ ref }) => ref.kind === "StatefulSet")
  const image = at(agent?.object, "spec", "template", "spec", "containers", 0, "image")
  return typeof image === "string" ? image : imageName
}

/** Installs or upgrades. Everything is looked at before the first write: who objects, objects to all of it. */
export const install = Effect.fn("install")(function*(given: Given, version: string) {
  if (given.switches.has("export")) return yield* exported(given, version)
  const timeout = yield* durationOf(given, "timeout", "5m")
  const [isJson, dryRun] = [textOf(given, "output") === "json", given.switches.has("dry-run")]
  const force = given.switches.has("force-conflicts")
  const namespace = yield* agentNamespace(given)
  const before = yield* readBooks(namespace)
  const other = before === undefined ? yield* foreignAgent(namespace) : undefined
  const isTakenOver = other?.isThere === true && other.keeper === undefined
  const asked = { overlay: textOf(given, "overlay"), image: textOf(given, "image") }
  const chosen = choose(asked, before, version, isTakenOver)
  if (Result.isFailure(chosen)) return yield* chosen.failure
  const books = chosen.success
  const manifests = yield* render({ ...books, namespace, isMarked: true })
  const found = yield* survey(manifests, { namespace, before, force })
  const errors = objections(found, { ...books, namespace })
  if (errors.length > 0) return yield* new Failures({ errors })

  const done: Array<Done> = []
  const tell = (one: Done) =>
    Effect.suspend(() => {
      done.push(one)
      return isJson ? Effect.void : print.result(lineOf(one, dryRun))
    })
  const told = (ready: number | undefined) => {
    const report: Report = { books, before, namespace, done, dryRun, ready }
    return print.result(isJson ? json(reportOf(report), 2) : summary(report))
  }
  const carried = Effect.gen(function*() {
    if (dryRun) {
      yield* Effect.forEach(found.steps, tell, { discard: true })
      yield* Effect.forEach(found.stale, ({ ref }) => tell({ ref, action: "pruned" }), { discard: true })
    } else {
      yield* carryOut({ survey: found, before, books, namespace, force, timeout, tell }).pipe(
        Effect.onInterrupt(() => print.aside("interrupted: what is applied stays; sluice install goes on from there"))
      )
    }
    for (const { ref } of found.left) {
      yield* print.warning(
        `${display(ref)} is no part of this version, and stays`,
        "Delete it when nothing needs it any more: all that was made by it goes with it."
      )
    }
    if (dryRun || given.switches.has("no-wait")) return undefined
    const agents = manifests.filter(({ ref }) => ref.kind === "StatefulSet")
    const began = yield* Clock.currentTimeMillis
    yield* untilReady(agents, { image: imageOf(manifests), namespace, timeout, tell: print.aside })
    return (yield* Clock.currentTimeMillis) - began
  })
  // Whatever ends it, a program is told what was done.
  yield* told(yield* isJson ? Effect.tapError(carried, () => told(undefined)) : carried)
  return 0
})
