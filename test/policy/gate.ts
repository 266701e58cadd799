import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Delivery } from "../../src/api/v1alpha1/Delivery.ts"
import type { Artifact, ArtifactEntry } from "../../src/domain/Artifact.ts"
import type { Action, Change } from "../../src/domain/Changeset.ts"
import { digest } from "../../src/domain/digest.ts"
import { canonical, type JsonObject } from "../../src/domain/Json.ts"
import type { Manifest, Rendered } from "../../src/domain/Manifest.ts"
import { ofObject } from "../../src/domain/ObjectRef.ts"
import { loadBuiltins } from "../../src/policy/builtins/catalogue.ts"
import type { Occasion } from "../../src/policy/changesetInput.ts"
import { compile } from "../../src/policy/compile.ts"
import { Host } from "../../src/policy/host.ts"
import { Policy } from "../../src/policy/Policy.ts"
import { fromEnvironment, Programs } from "../../src/programs/Programs.ts"

/** An artifact of files in memory. */
export const artifactOf = (files: Readonly<Record<string, string>>): Artifact => {
  const entry = (path: string): ArtifactEntry => ({ path, kind: "file", id: digest(files[path]!) })
  const below = (folder: string) =>
    Object.keys(files).filter((path) => folder === "" || path.startsWith(`${folder}/`)).sort()
  return {
    revision: { name: "main", algorithm: "sha1", hash: "0".repeat(40) },
    commit: undefined,
    url: "https://git.example.com/shop.git",
    digest: digest(...Object.entries(files).flat()),
    resolve: (_from, reference) => Effect.succeed(reference),
    entry: (path) =>
      Effect.succeed(
        path in files ? entry(path) : below(path).length > 0 ? { path, kind: "folder" as const, id: "" } : undefined
      ),
    list: () => Effect.succeed([]),
    walk: (folder) => Effect.succeed(below(folder).map(entry)),
    read: (paths) => Effect.succeed(paths.map((path) => Buffer.from(files[path]!)))
  }
}

export const deliveryOf = (policy: object = {}): Delivery =>
  Schema.decodeUnknownSync(Delivery)({
    apiVersion: "sluice.dev/v1alpha1",
    kind: "Delivery",
    metadata: { name: "shop", namespace: "shop" },
    spec: { source: { git: { url: "https://git.example.com/shop.git" } }, policy }
  })

export const manifestOf = (object: JsonObject, file = "app.yaml", json = JSON.stringify(object)): Manifest => ({
  ref: ofObject(object),
  apiVersion: String(object.apiVersion),
  object,
  json,
  digest: digest(canonical(object)),
  origin: { file, line: 1 }
})

export const renderedOf = (...manifests: ReadonlyArray<Manifest>): Rendered => ({
  manifests,
  closure: "closure",
  locate: (manifest, path) => Effect.succeed({ file: manifest.origin.file, line: 100 + path.length })
})

export const configMap = (name: string, data: JsonObject = {}): JsonObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "shop" },
  data
})

export const deployment = (name: string, image: string): JsonObject => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, namespace: "shop" },
  spec: { template: { spec: { containers: [{ name: "app", image }] } } }
})

/** The real programs. */
export const Base = Programs.layer(fromEnvironment(process.env)).pipe(
  Layer.provideMerge([NodeServices.layer, NodeHttpClient.layerUndici])
)

/** The real gate over a cache folder of its own, or over one that is given. */
export const gate = (
  cacheDirectory?: string,
  options: { readonly deadline?: number; readonly maskingKey?: string } = {}
) =>
  Layer.unwrap(Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const folder = cacheDirectory ?? (yield* files.makeTempDirectoryScoped({ prefix: "sluice-test-policies-" }))
    return Policy.layer({ cacheDirectory: folder, maskingKey: "key", ...options })
  })).pipe(Layer.provideMerge(Base))

/** A host around the rules, as the worker makes it. */
export const hostOf = Effect.fnUntraced(function*(files: Readonly<Record<string, string>>, data = "{}") {
  const disk = yield* FileSystem.FileSystem
  const folder = yield* disk.makeTempDirectoryScoped({ prefix: "sluice-test-host-" })
  const sources = Object.entries(files).map(([path, text]) => ({ path, content: Buffer.from(text) }))
  const { wasm } = yield* compile({ files: sources }, folder)
  const module = yield* Effect.promise(() => WebAssembly.compile(wasm))
  const names = new Host(module, Buffer.from("{}"), new Map()).builtinNames
  const builtins = yield* Effect.promise(() => loadBuiltins(names, () => 1_700_000_000_000_000_000n))
  return new Host(module, Buffer.from(data), builtins)
})

/** Judges objects by the policies of a repository. */
export const judge = Effect.fnUntraced(function*(
  files: Readonly<Record<string, string>>,
  objects: ReadonlyArray<JsonObject>,
  policy: object = {}
) {
  const gatekeeper = yield* Policy
  const set = yield* gatekeeper.load(deliveryOf(policy), artifactOf(files))
  return yield* gatekeeper.objects(set, renderedOf(...objects.map((object) => manifestOf(object))))
})

/** What a changeset is told of beside what it changes. */
export const occasionOf = (more: Partial<Occasion> = {}): Occasion => ({
  trigger: "git",
  dryRun: false,
  delivery: { namespace: "shop", name: "shop", path: "" },
  kubernetesVersion: "v1.36.1",
  source: {
    repository: "https://git.example.com/shop.git",
    ref: "main",
    revision: "1".repeat(40),
    previousRevision: undefined,
    commit: undefined
  },
  policyFiles: [],
  ...more
})

/** One change as the diff tells it. */
export const changeOf = (action: Action, object: JsonObject, more: Partial<Change> = {}): Change => {
  const manifest = manifestOf(object)
  const { apiVersion, ref } = manifest
  return { action, ref, apiVersion, ...action === "delete" ? {} : { manifest }, fields: [], takesFrom: [], ...more }
}
