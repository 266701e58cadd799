import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { isJsonObject, type JsonObject } from "../../../src/domain/Json.ts"
import { loadBuiltins } from "../../../src/policy/builtins/catalogue.ts"
import { compile } from "../../../src/policy/compile.ts"
import { documents } from "../../../src/policy/documents.ts"
import { reviewed } from "../../../src/policy/gatekeeper/alone.ts"
import { namespacesOf, type Review, reviewOf } from "../../../src/policy/gatekeeper/review.ts"
import { ask, inventories } from "../../../src/policy/gatekeeper/reviews.ts"
import { Host } from "../../../src/policy/host.ts"
import { judge } from "../../../src/policy/judge.ts"

/** The review of an object that is created; an AdmissionReview is taken as it is, as `gator verify` does. */
export const reviewFor = (object: JsonObject, others: ReadonlyArray<JsonObject> = []): Review => {
  const namespaces = namespacesOf([...others, object])
  const { request } = object
  if (object["kind"] !== "AdmissionReview" || !isJsonObject(request)) {
    return reviewOf({ operation: "CREATE", object }, namespaces)
  }
  const old = isJsonObject(request["oldObject"]) ? [request["oldObject"]] : []
  const now = isJsonObject(request["object"]) ? [request["object"]] : old
  return {
    request: { ...request, object: now[0]!, namespaceObject: null },
    candidates: [...now, ...old].map((one) => {
      const namespace = String(request["namespace"] ?? "")
      return { object: one, namespace, namespaceObject: namespaces.get(namespace) }
    })
  }
}

/** Templates and constraints, compiled; judges reviews in this thread, with the objects that are there as inventory. */
export const reviewer = Effect.fnUntraced(function*(files: Readonly<Record<string, string>>) {
  const disk = yield* FileSystem.FileSystem
  const folder = yield* disk.makeTempDirectoryScoped({ prefix: "sluice-test-reviews-" })
  const sources = Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text) }))
  const { data, rules, wasm } = yield* compile({ files: sources }, folder)
  const module = yield* Effect.promise(() => WebAssembly.compile(wasm))
  const names = new Host(module, Buffer.from("{}"), new Map()).builtinNames
  const builtins = yield* Effect.promise(() => loadBuiltins(names, () => 1_700_000_000_000_000_000n))
  return {
    rules,
    data: JSON.parse(Buffer.from(data).toString("utf8")) as JsonObject,
    review: (review: Review, others: ReadonlyArray<JsonObject> = []) => {
      const [inventory] = inventories([{ rules }], others)
      const host = new Host(
        module,
        documents(Buffer.from(data).toString("utf8"), { bundle: 0, parameters: {}, inventory }),
        builtins
      )
      const { document, doubts } = ask([{ rules }], review)
      if (document === undefined) return doubts
      const judged = (text: Uint8Array) => judge(host, "review", 0, text, document.identity)
      return [...doubts, ...reviewed(Buffer.from(document.json), 0, judged)]
    }
  }
})
