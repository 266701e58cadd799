import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Agent } from "undici"
import { parse } from "yaml"
import { Apply } from "../../src/apply/Apply.ts"
import { InventoryStore } from "../../src/apply/InventoryStore.ts"
import { Diff } from "../../src/diff/Diff.ts"
import type { JsonObject } from "../../src/domain/Json.ts"
import { noFence } from "../../src/kube/Fence.ts"
import { Identity } from "../../src/kube/Identity.ts"
import { KubeClient } from "../../src/kube/KubeClient.ts"
import { carryOut, configMap, delivery, manifest, plan } from "../apply/Subject.ts"
import { type ControlPlane, startControlPlane } from "../support/ControlPlane.ts"
import { rights } from "../support/rights.ts"
import { row } from "./Ground.ts"

/** What one piece of work took. */
export interface Figure {
  readonly what: string
  readonly milliseconds: number
  readonly cpuMilliseconds: number
  /** Requests by verb; dry-runs apart. */
  readonly requests: Readonly<Record<string, number>>
}

const objects = (count: number, namespace: string, value: string): ReadonlyArray<JsonObject> =>
  Array.from({ length: count }, (_, index) => configMap(`object-${index}`, namespace, { value, text: "x".repeat(900) }))

const requestsSince = async (plane: ControlPlane, before: number) => {
  const events = (await plane.readAudit()).slice(before).filter(({ stage }) => stage === "ResponseComplete")
  const verbs = events.map(({ requestURI, verb }) => requestURI.includes("dryRun=All") ? "dry-run" : verb)
  return Object.fromEntries([...Map.groupBy(verbs, (verb) => verb)].map(([verb, { length }]) => [verb, length]))
}

/** The same dry-runs and PATCH requests, sent and their answers parsed by nothing but undici. */
export const bareLoop = async (plane: ControlPlane, count: number, namespace: string, value: string) => {
  const user = parse(plane.adminKubeconfig).users[0].user
  const decoded = (text: string) => Buffer.from(text, "base64")
  const agent = new Agent({
    connections: 32,
    connect: {
      ca: plane.caData,
      cert: decoded(user["client-certificate-data"]),
      key: decoded(user["client-key-data"])
    }
  })
  for (const dryRun of ["&dryRun=All", ""]) {
    const queue = objects(count, namespace, value).map((object) => manifest(object))
    const work = async () => {
      for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
        const query = `fieldManager=sluice&fieldValidation=Strict&force=true${dryRun}`
        const { body } = await agent.request({
          origin: plane.server,
          path: `/api/v1/namespaces/${namespace}/configmaps/${next.ref.name}?${query}`,
          method: "PATCH",
          headers: { "content-type": "application/apply-patch+yaml" },
          body: next.json
        })
        await body.json()
      }
    }
    await Promise.all(Array.from({ length: 32 }, work))
  }
  await agent.close()
}

/** ConfigMaps of 1 KB through diff and apply, first and again, beside a bare loop; on a plane of its own or a given one. */
export const applyBench = async (plane: ControlPlane, count = 2_000): Promise<ReadonlyArray<Figure>> => {
  const figures: Array<Figure> = []
  const measured = <A, E, R>(what: string, work: Effect.Effect<A, E, R>) =>
    Effect.gen(function*() {
      const before = (yield* Effect.promise(plane.readAudit)).length
      const cpu = process.cpuUsage()
      const [time, value] = yield* Effect.timed(work)
      const { system, user } = process.cpuUsage(cpu)
      figures.push({
        what,
        milliseconds: Math.round(Duration.toMillis(time)),
        cpuMilliseconds: Math.round((system + user) / 1000),
        requests: yield* Effect.promise(() => requestsSince(plane, before))
      })
      return value
    })
  for (const namespace of ["warm-up", "sluice", "bare"]) {
    await plane.request("POST", "/api/v1/namespaces", { metadata: { name: namespace } })
  }
  const subject = (namespace: string) => delivery("bench", namespace, { conflicts: "take" })
  const deliver = (namespace: string, all: ReadonlyArray<JsonObject>, note: (part: string) => string) =>
    Effect.gen(function*() {
      const changeset = yield* measured(note("diff"), plan(subject(namespace), all))
      yield* measured(note("apply"), carryOut(subject(namespace), changeset))
    }).pipe(Effect.provide(rights({ identity: Identity.Self(), namespace, name: "bench" })))

  const work = Effect.gen(function*() {
    yield* deliver("warm-up", objects(200, "warm-up", "0"), (part) => `warm-up: ${part}`)
    const all = objects(count, "sluice", "1")
    yield* deliver("sluice", all, (part) => `${count} first applied: ${part}`)
    yield* measured("bare loop of dry-runs and PATCHes", Effect.promise(() => bareLoop(plane, count, "bare", "1")))
    yield* deliver("sluice", all, (part) => `${count} unchanged: ${part}`)
    const changed = [configMap("object-0", "sluice", { value: "2" }), ...all.slice(1)]
    yield* deliver("sluice", changed, (part) => `one of ${count} changed: ${part}`)
  })
  const stages = Layer.mergeAll(Diff.layer, Apply.layer, InventoryStore.layer)
  const client = KubeClient.layer({ files: [plane.adminKubeconfigFile], fence: noFence, maskKey: new Uint8Array(32) })
  await Effect.runPromise(
    work.pipe(Effect.provide(Layer.merge(stages, Layer.provide(client, NodeFileSystem.layer))))
  )
  return figures
}

/** Prints the figures, and how many times a bare loop the first apply costs. */
export const apply = async (plane: ControlPlane): Promise<void> => {
  const figures = await applyBench(plane)
  for (const { cpuMilliseconds, milliseconds, requests, what } of figures) {
    row(
      what,
      `${milliseconds} ms, ${cpuMilliseconds} ms CPU`,
      Object.entries(requests).map(([verb, n]) => `${n} ${verb}`).join(", ")
    )
  }
  const of = (part: string) => figures.find(({ what }) => what.endsWith(part))!
  const [diff, applied, bare] = [of("first applied: diff"), of("first applied: apply"), of("PATCHes")]
  const times = (name: "milliseconds" | "cpuMilliseconds") => ((diff[name] + applied[name]) / bare[name]).toFixed(2)
  row(
    "diff and apply against the bare loop",
    `${times("milliseconds")} times, CPU ${times("cpuMilliseconds")} times`,
    "goal 1.3 times"
  )
}

if (import.meta.main) {
  const plane = await startControlPlane()
  try {
    await apply(plane)
  } finally {
    await plane.stop()
  }
}
