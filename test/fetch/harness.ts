import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { mkdtemp, readdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Delivery } from "../../src/api/v1alpha1/Delivery.ts"
import { Fetch } from "../../src/fetch/Fetch.ts"
import type { GitSourceOptions } from "../../src/fetch/GitSource.ts"
import { Secrets } from "../../src/kube/Secrets.ts"
import { type GitServerOptions, startGitServer } from "../support/GitServer.ts"

/** A real Git server for as long as the test lasts. */
export const gitServer = (options?: GitServerOptions) =>
  Effect.acquireRelease(Effect.promise(() => startGitServer(options)), (server) => Effect.promise(server.stop))

/** A real Git server with an empty repository. */
export const shopServer = Effect.gen(function*() {
  const server = yield* gitServer()
  const shop = yield* Effect.promise(() => server.repository("shop"))
  return { server, shop }
})

export const temporaryFolder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "sluice-fetch-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)

export const delivery = (git: Record<string, unknown>): Delivery =>
  Schema.decodeUnknownSync(Delivery)({
    apiVersion: "sluice.dev/v1alpha1",
    kind: "Delivery",
    metadata: { name: "shop" },
    spec: { source: { git } }
  })

/** Secrets by name. */
export const secrets = (byName: Readonly<Record<string, Readonly<Record<string, string>>>> = {}) =>
  Layer.succeed(Secrets, {
    get: (name) =>
      Effect.succeed(
        byName[name] === undefined
          ? undefined
          : Object.fromEntries(Object.entries(byName[name]).map(([key, value]) => [key, Redacted.make(value)]))
      )
  })

export const noProxy = { http: "", https: "", none: "" }

/** Fetch with a cache of its own, or the one that is named. */
export const fetchLayer = (options: Partial<GitSourceOptions> = {}) =>
  Layer.unwrap(
    options.cacheDirectory === undefined
      ? Effect.map(temporaryFolder, (cacheDirectory) => Fetch.layer({ proxy: noProxy, ...options, cacheDirectory }))
      : Effect.succeed(Fetch.layer({ proxy: noProxy, ...options, cacheDirectory: options.cacheDirectory }))
  )

/** Fetch where no source needs a Secret. */
export const publicFetch = (options?: Partial<GitSourceOptions>) => Layer.merge(fetchLayer(options), secrets())

/** The packs that a cache keeps. */
export const packsOf = async (cache: string) =>
  (await readdir(cache, { recursive: true })).filter((name) => name.endsWith(".pack")).map((name) => join(cache, name))

/** The text of files of an artifact. */
export const textOf = (bytes: ReadonlyArray<Uint8Array>) => bytes.map((one) => Buffer.from(one).toString("utf8"))
