import * as Effect from "effect/Effect"
import type { JsonObject } from "../domain/Json.ts"
import type { ObjectRef } from "../domain/ObjectRef.ts"
import { ApplyConflict, InvalidSpec } from "../domain/StageError.ts"
import { foreignAgent } from "../install/foreign.ts"
import { agentMissing, remove } from "../install/remove.ts"
import { isHeld, type Standing, standing } from "../install/standing.ts"
import { type Given, textOf } from "./commandLine.ts"
import { canAsk, confirm } from "./confirm.ts"
import { json, nameLine } from "./documents.ts"
import { agentNamespace } from "./install.ts"
import * as print from "./print.ts"
import { durationOf } from "./scope.ts"

const count = (number: number, one: string, many = `${one}s`): string => `${number} ${number === 1 ? one : many}`

interface Wish {
  readonly prune: boolean
  readonly keepDefinitions: boolean
}

/** What would become of everything, for people who have to agree to it. */
export const plan = (
  { books, bundles, notifiers, owners, parts }: Standing,
  namespace: string,
  { keepDefinitions, prune }: Wish
): ReadonlyArray<string> => {
  const owned = owners.reduce((sum, one) => sum + one.owned, 0)
  const definitions = parts.filter(({ ref }) => ref.kind === "CustomResourceDefinition").length
  const mine = count(owners.length, "Delivery", "Deliveries")
  const objects = count(owned, "object")
  const whose = prune
    ? owners.length === 0 ? "No Delivery is there." : `${mine}, and ${objects} that they own, are DELETED by the agent.`
    : owners.length === 0
    ? "No Delivery is there."
    : `${mine} ${
      owners.length === 1 ? "is" : "are"
    } let go: the ${objects} that they own stay as they are, and nobody keeps them so.`
  const made = `${mine}, ${count(bundles, "PolicyBundle")} and ${count(notifiers, "Notifier")}`
  const kinds = definitions === 0
    ? []
    : [
      keepDefinitions
        ? `${count(definitions, "definition")} ${definitions === 1 ? "stays" : "stay"}, and with them ${made}.`
        : `${count(definitions, "definition")} ${definitions === 1 ? "goes" : "go"}, and with them ${
          prune ? "" : `the ${mine}, `
        }${count(bundles, "PolicyBundle")} and ${count(notifiers, "Notifier")}.`
    ]
  const rest = parts.length - definitions
  return [
    `The agent${books === undefined ? "" : ` ${books.version} (${books.overlay})`} in namespace ${namespace} ends.`,
    whose,
    ...kinds,
    `${count(rest, "object")} of the installation ${
      rest === 1 ? "goes" : "go"
    }; the namespace only if nothing else is in it.`
  ]
}

const reportOf = (
  removed: ReadonlyArray<ObjectRef>,
  { owners }: Standing,
  wish: Wish,
  { dryRun, stays }: { readonly dryRun: boolean; readonly stays?: string | undefined }
): JsonObject => ({
  apiVersion: "cli.sluice.dev/v1",
  kind: "UninstallReport",
  dryRun,
  pruned: wish.prune,
  deliveries: owners.length,
  objects: owners.reduce((sum, one) => sum + one.owned, 0),
  removed: removed.map(({ group, kind, name, namespace }) => ({
    group,
    kind,
    ...namespace === "" ? {} : { namespace },
    name
  })),
  ...stays === undefined ? {} : { stays }
})

/** Where `sluice install` installed nothing: Deliveries may be held all the same, by an agent that was made otherwise. */
const madeOtherwise = Effect.fnUntraced(function*({ owners }: Standing, namespace: string) {
  const detail = `nothing that sluice install installed is in namespace ${namespace}`
  const { keeper } = yield* foreignAgent(namespace)
  const hint = keeper?.help ??
    "What kubectl applied is taken over by sluice install --overlay <yours>, and sluice uninstall then lets its " +
      "Deliveries go. Not by kubectl delete -k: the agent would prune what they own."
  const held = owners.filter(isHeld).length
  if (held === 0) return yield* print.aside(`${detail}\n  help: ${hint}`)
  return yield* new ApplyConflict({
    detail: `${detail}, and ${count(held, "Delivery has", "Deliveries have")} a finalizer that only an agent takes off`,
    hint
  })
})

/** Takes the installation away, after somebody agreed to it. */
export const uninstall = Effect.fn("uninstall")(function*(given: Given) {
  const timeout = yield* durationOf(given, "timeout", "5m")
  const isJson = textOf(given, "output") === "json"
  const wish: Wish = { prune: given.switches.has("prune"), keepDefinitions: given.switches.has("keep-crds") }
  const namespace = yield* agentNamespace(given)
  const found = yield* standing(namespace)
  const dryRun = given.switches.has("dry-run")
  const told = (removed: ReadonlyArray<ObjectRef>, stays?: string) =>
    isJson ? print.result(json(reportOf(removed, found, wish, { dryRun, stays }), 2)) : Effect.void
  if (found.parts.length === 0) {
    yield* told([])
    yield* madeOtherwise(found, namespace)
    return 0
  }
  const planned = plan(found, namespace, wish).join("\n")
  yield* dryRun && !isJson ? print.result(planned) : print.aside(planned)
  if (wish.prune && found.owners.length > 0) {
    const why = yield* agentMissing(found.parts)
    if (why !== undefined) {
      return yield* new InvalidSpec({
        detail: `nobody would delete what Deliveries own: ${why}`,
        hint: "Mend the agent first (sluice doctor), or leave --prune out: what Deliveries own stays."
      })
    }
  }
  if (dryRun) {
    yield* told(found.parts.map(({ ref }) => ref))
    return 0
  }
  if (!given.switches.has("yes")) {
    if (!canAsk()) {
      return yield* new InvalidSpec({ detail: "nobody is there to be asked", hint: "Say --yes, or --dry-run." })
    }
    if (!(yield* confirm("Go on?"))) {
      yield* print.aside("nothing was done")
      return 1
    }
  }
  const removed: Array<ObjectRef> = []
  const stays = yield* remove({
    ...wish,
    standing: found,
    namespace,
    timeout,
    progress: print.aside,
    removed: (ref) =>
      Effect.suspend(() => {
        removed.push(ref)
        return isJson ? Effect.void : print.result(`${nameLine(ref)} deleted`)
      })
  }).pipe(
    Effect.onInterrupt(() =>
      print.aside(
        `interrupted: ${
          count(removed.length, "object")
        } of ${found.parts.length} gone; sluice uninstall goes on from there`
      )
    ),
    // Whatever ends it, a program is told what was done.
    Effect.tapError(() => told(removed))
  )
  if (stays !== undefined) {
    yield* print.warning(stays, `When you need none of it: kubectl delete namespace ${namespace}`)
  }
  if (isJson) yield* told(removed, stays)
  else {
    yield* print.result(
      wish.prune || found.owners.length === 0
        ? "sluice is uninstalled"
        : "sluice is uninstalled; what Deliveries applied is as it was"
    )
  }
  return 0
})
