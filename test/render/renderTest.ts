import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Delivery } from "../../src/api/v1alpha1/Delivery.ts"
import { fromEnvironment, Programs } from "../../src/programs/Programs.ts"
import { type Options, Render } from "../../src/render/Render.ts"
import * as MemoryArtifact from "./MemoryArtifact.ts"

/** A delivery of the namespace `shop`; the rest of its spec as given. */
export const delivery = (spec: Readonly<Record<string, unknown>> = {}): Delivery =>
  Schema.decodeUnknownSync(Delivery)({
    apiVersion: "sluice.dev/v1alpha1",
    kind: "Delivery",
    metadata: { name: "shop", namespace: "shop" },
    spec: { source: { git: { url: "https://git.example.com/shop.git" } }, ...spec }
  })

export const capabilities = Effect.succeed({ version: "v1.36.0", apiVersions: ["v1", "apps/v1", "batch/v1"] })

/** Both halves of the stage on an artifact of these files. */
export const render = Effect.fnUntraced(function*(
  files: Readonly<Record<string, string | Uint8Array>>,
  spec: Readonly<Record<string, unknown>> = {}
) {
  const stage = yield* Render
  const { artifact } = MemoryArtifact.make(files)
  const closure = yield* stage.closure(delivery(spec), artifact)
  return yield* stage.render(delivery(spec), closure, capabilities)
})

/** The real stage with the real programs and a work directory that goes with the scope. */
export const layer = (options: Partial<Options> = {}) =>
  Layer.unwrap(Effect.gen(function*() {
    const workDirectory = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "sluice-render-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
    )
    return Render.layer({ workDirectory, ...options })
  })).pipe(
    Layer.provide(Programs.layer(fromEnvironment(process.env))),
    Layer.provideMerge(Layer.merge(NodeServices.layer, NodeHttpClient.layerUndici))
  )
