import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import { randomBytes } from "node:crypto"
import { join } from "node:path"
import { settings } from "./config.ts"
import { Policy } from "./policy/Policy.ts"
import { Programs } from "./programs/Programs.ts"
import { Render } from "./render/Render.ts"
import { logging } from "./telemetry/logging.ts"

/** Under this key values of Secrets are masked: of this process, so that no two runs can be compared. */
export const maskKey = randomBytes(32)

/**
 * What `sluice check` needs, apart from the rest of the root because loading is most of what it costs: the programs,
 * render and the gate. No cluster, no network but to get the programs. What it keeps is below `data`, or in the cache; of
 * `room` bytes a quarter is for the folders in which programs run.
 */
export const offlineIn = (data: string | undefined, room?: number) =>
  Layer.unwrap(
    Effect.map(settings, ({ cacheDirectory, installedOnly, kubebuilderAssets, logFormat, logLevel, path }) => {
      const programs = Programs.layer({
        cacheDirectory: join(cacheDirectory, "programs"),
        path,
        kubebuilderAssets,
        installedOnly
      })
      const kept = data ?? cacheDirectory
      return Layer.mergeAll(
        Render.layer({ workDirectory: join(kept, "workspaces"), room: room && room / 4 }),
        Policy.layer({ cacheDirectory: join(kept, "policies"), maskingKey: maskKey })
      ).pipe(
        Layer.provideMerge(Layer.provide(programs, FetchHttpClient.layer)),
        Layer.provideMerge(logging(logLevel, logFormat))
      )
    })
  )

export const offline = offlineIn(undefined)
