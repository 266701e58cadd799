import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { at } from "../domain/Json.ts"
import { nearest } from "../domain/nearest.ts"
import { groupOf } from "../domain/ObjectRef.ts"
import { deliveryLabel } from "../domain/ownership.ts"
import * as Revision from "../domain/Revision.ts"
import { InvalidSpec, type StageError } from "../domain/StageError.ts"
import { Identity } from "../kube/Identity.ts"
import { KubeClient } from "../kube/KubeClient.ts"
import * as reader from "../kube/reader.ts"
import { commitOf } from "./checkout.ts"
import { painting } from "./color.ts"
import { type Given, textOf } from "./commandLine.ts"
import { document, nameLineOf, outputOf } from "./documents.ts"
import { type Dependency, type Explanation, explanation } from "./Explanation.ts"
import { explanationText } from "./explanationText.ts"
import { labelled, objectStory, storyText } from "./ObjectStory.ts"
import * as print from "./print.ts"
import { deliveries, find, get, kindCalled, list, notifiers, refusal } from "./resources.ts"
import { answeredInTime, nameIn, namespaceOf } from "./scope.ts"
import { nameOf, read, type ShownDelivery, stateOf } from "./ShownDelivery.ts"
import { ofArtifact, shownOf } from "./sourceTexts.ts"

/** A chain longer than this is told up to here. */
const deepest = 10

/** Whom a Delivery waits for, and whom they wait for; each is looked up once, so that a circle ends. */
const waitsFor = Effect.fnUntraced(function*(root: ShownDelivery) {
  const met = new Set([nameOf(root)])

  const below = (delivery: ShownDelivery, depth: number): Effect.Effect<ReadonlyArray<Dependency>, never, KubeClient> =>
    Effect.forEach(depth > deepest ? [] : delivery.dependsOn, ({ name, namespace }) => {
      const self = { namespace, name }
      const isKnown = met.has(nameOf(self))
      met.add(nameOf(self))
      return Effect.matchEffect(find(deliveries, namespace, name), {
        onFailure: (error: StageError) =>
          Effect.succeed<Dependency>({ ...self, ready: "Unreadable", message: error.message, waitsFor: [] }),
        onSuccess: (object) => {
          if (object === undefined) {
            return Effect.succeed<Dependency>({ ...self, ready: "Missing", message: "", waitsFor: [] })
          }
          const live = read(object)
          const { message, ready, reason } = stateOf(live)
          const told = [reason, message].filter((part) => part !== "").join(": ")
          const circle = isKnown && nameOf(live) === nameOf(root) ? "; they wait for each other" : ""
          return Effect.map(
            isKnown ? Effect.succeed([]) : below(live, depth + 1),
            (waitsFor): Dependency => ({ ...self, ready, message: `${told}${circle}`, waitsFor })
          )
        }
      })
    })

  return yield* below(root, 1)
})

/** Those that it names and that are not there; what may not be read is not said to be missing. */
const missingNotifiers = ({ namespace, notify }: ShownDelivery) =>
  Effect.filter(notify, (name) =>
    find(notifiers, namespace, name).pipe(
      Effect.map((found) => found === undefined),
      Effect.orElseSucceed(() => false)
    ), { concurrency: 8 })

/** What a word for a kind may mean, in the order in which people mean it: `Deployment`, `deployments`. */
const meant = (word: string, apiVersions: ReadonlyArray<string>) => {
  const wanted = word.toLowerCase()
  const candidates = apiVersions.flatMap((text) => {
    const cut = text.lastIndexOf("/")
    const [apiVersion, kind] = [text.slice(0, cut), text.slice(cut + 1)]
    return /^[A-Z]/u.test(kind) ? [{ apiVersion, kind }] : []
  })
  const spellings = (kind: string) => {
    const one = kind.toLowerCase()
    return [one, `${one}s`, `${one}es`, one.replace(/y$/u, "ies")]
  }
  const found = candidates.filter(({ kind }) => spellings(kind).includes(wanted))
  // Built-in kinds before those of add-ons, stable versions before those to come.
  const rank = ({ apiVersion }: { readonly apiVersion: string }) =>
    (groupOf(apiVersion).includes(".") ? 2 : 0) + (/alpha|beta/u.test(apiVersion) ? 1 : 0)
  return {
    kind: [...found].sort((a, b) => rank(a) - rank(b))[0],
    near: nearest(word, candidates.map(({ kind }) => kind))
  }
}

interface Target {
  readonly word: string
  readonly namespace: string
  readonly name: string
}

/** `Deployment/checkout`, `Deployment/shop/checkout`: an object; undefined for the name of a Delivery. */
const objectIn = (text: string, namespace: string): Target | undefined => {
  const parts = text.split("/")
  const [word = "", second = "", third] = parts
  if (parts.length < 2 || kindCalled(word) === deliveries) return undefined
  if (third !== undefined) return { word, namespace: second, name: third }
  // Names of namespaces have no capitals: `shop/checkout` is a Delivery unless `shop` is a kind.
  return { word, namespace, name: second }
}

/** What stands where the violations are, in the checkout of `--source DIR`; says so where that is at another commit. */
const shownIn = Effect.fnUntraced(function*(folder: string, { applied, attempted, policy }: Explanation) {
  const { folderArtifact, repositoryRoot } = yield* Effect.promise(() => import("../fetch/folder.ts"))
  const root = yield* repositoryRoot(folder, ".")
  const [wanted] = [attempted, applied].flatMap((told) =>
    told === undefined ? [] : [Revision.parse(told.revision)?.hash]
  )
  const at = yield* commitOf(root)
  if (at !== undefined && wanted !== undefined && at !== wanted) {
    const short = (commit: string) => commit.slice(0, 8)
    yield* print.warning(
      `${folder} is at ${short(at)}, the Delivery at ${short(wanted)}: lines may have moved`,
      `git checkout ${short(wanted)}`
    )
  }
  const texts = ofArtifact(yield* folderArtifact(root, { files: 200_000, fileBytes: 32 * 1024 * 1024 }))
  return yield* shownOf(
    policy?.violations ?? [],
    texts,
    // The rules of a PolicyBundle stand in another repository.
    ({ bundle }) => bundle.name === "repository" ? texts : () => Effect.succeed(undefined)
  )
})

const explainDelivery = Effect.fnUntraced(function*(given: Given, namespace: string) {
  const output = outputOf(given)
  const delivery = yield* answeredInTime(
    given,
    Effect.gen(function*() {
      const name = nameIn(given.operands[0]!, namespace)
      const live = read(yield* get(deliveries, name.namespace, name.name))
      return { live, waitsFor: yield* waitsFor(live), missing: yield* missingNotifiers(live) }
    })
  )
  const told = explanation(delivery.live, delivery.waitsFor, delivery.missing)
  const now = yield* Clock.currentTimeMillis
  const source = textOf(given, "source")
  const shown = source === undefined ? undefined : yield* shownIn(source, told)
  yield* print.result(
    output === "json" || output === "yaml"
      ? yield* document(output, told)
      : output === "name"
      ? nameLineOf({ apiVersion: deliveries.apiVersion, kind: deliveries.kind, name: delivery.live.name })
      : explanationText(told, painting(process.stdout), now, shown)
  )
  return 0
})

const lookUp = Effect.fnUntraced(function*({ name, namespace, word }: Target) {
  const client = yield* KubeClient
  const { capabilities, get } = reader.make(client, Identity.Self())
  const { apiVersions } = yield* Effect.mapError(capabilities, refusal)
  const { kind, near } = meant(word, apiVersions)
  if (kind === undefined) return { near }
  const served = yield* Effect.mapError(client.discovery.kindOf(kind.apiVersion, kind.kind), refusal)
  const where = served?.namespaced === true ? namespace : ""
  const ref = { group: groupOf(kind.apiVersion), kind: kind.kind, namespace: where, name }
  const object = yield* Effect.mapError(get(kind.apiVersion, ref), refusal)
  if (object === undefined) {
    return yield* InvalidSpec.make({
      detail: `there is no ${kind.kind} ${JSON.stringify(name)}${where === "" ? "" : ` in namespace ${where}`}`,
      hint: "Look in another namespace with -n."
    })
  }
  const label = at(object, "metadata", "labels", deliveryLabel)
  if (typeof label !== "string") return { object, owner: undefined }
  const all = yield* list(deliveries, { namespace: label.slice(0, Math.max(0, label.indexOf("."))) || namespace })
  return { object, owner: labelled(label, all.map(read)) }
})

/** Says why a Delivery is as it is; of an object, which Delivery owns it and where it was written. */
export const explain = Effect.fn("explain")(function*(given: Given) {
  const namespace = yield* namespaceOf(given)
  const [operand = ""] = given.operands
  const target = objectIn(operand, namespace)
  if (target === undefined) return yield* explainDelivery(given, namespace)
  const ours = kindCalled(target.word)
  if (ours !== undefined) {
    return yield* InvalidSpec.make({
      detail: `explain tells of Deliveries and of what they own, and of no ${ours.kind}`,
      hint: `sluice get ${ours.words[0]} ${target.name} -o wide says how it is, and what is wrong with it.`
    })
  }
  const found = yield* answeredInTime(given, lookUp(target))
  if ("near" in found) {
    if (operand.split("/").length === 2 && target.word === target.word.toLowerCase()) {
      return yield* explainDelivery(given, namespace)
    }
    return yield* InvalidSpec.make({
      detail: `the cluster has no kind ${JSON.stringify(target.word)}`,
      hint: found.near === undefined
        ? "kubectl api-resources shows those that it has."
        : `Did you mean ${JSON.stringify(found.near)}?`
    })
  }
  const output = outputOf(given)
  const story = objectStory(found.object, found.owner)
  const now = yield* Clock.currentTimeMillis
  yield* print.result(
    output === "json" || output === "yaml"
      ? yield* document(output, story)
      : output === "name"
      ? nameLineOf(story.object)
      : storyText(story, found.owner, painting(process.stdout), now)
  )
  return 0
})
