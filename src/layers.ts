import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { join } from "node:path"
import { Apply } from "./apply/Apply.ts"
import { InventoryStore } from "./apply/InventoryStore.ts"
import { client, type ClusterOptions } from "./client.ts"
import { settings } from "./config.ts"
import { Diff } from "./diff/Diff.ts"
import { Fetch } from "./fetch/Fetch.ts"
import { Identity } from "./kube/Identity.ts"
import type { KubeClient } from "./kube/KubeClient.ts"
import { rights } from "./kube/rights.ts"
import { Notify } from "./notify/Notify.ts"
import { maskKey, offline } from "./offline.ts"
import { Rights } from "./pipeline/Rights.ts"

/** The way to one cluster, and what each delivery may do there. */
const cluster = (options: ClusterOptions) =>
  Layer.effect(
    Rights,
    Effect.map(Effect.context<KubeClient>(), (context) => ({
      of: ({ metadata: { name, namespace }, spec }, secrets) => {
        const account = spec.apply.serviceAccountName
        const identity = account === undefined
          ? Identity.Self()
          : Identity.ServiceAccount({ namespace, name: account })
        return Layer.provide(rights({ identity, namespace, name, secrets }), Layer.succeedContext(context))
      }
    }))
  ).pipe(Layer.provide(client(options, maskKey)))

/** The whole loop against one cluster. */
export const online = (options: ClusterOptions) =>
  Layer.mergeAll(
    Layer.unwrap(
      Effect.map(
        settings,
        ({ cacheDirectory, proxy }) => Fetch.layer({ cacheDirectory: join(cacheDirectory, "git"), proxy })
      )
    ),
    Diff.layer,
    Apply.layer,
    InventoryStore.layer,
    Notify.layer({ allowLoopback: true })
  ).pipe(
    Layer.provideMerge(cluster(options)),
    Layer.provideMerge(offline)
  )
