import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { join } from "node:path"
import { Apply } from "./apply/Apply.ts"
import { InventoryStore } from "./apply/InventoryStore.ts"
import { client, type ClusterOptions } from "./client.ts"
import { settings } from "./config.ts"
import { Diff } from "./diff/Diff.ts"
import { Fetch } from "./fetch/Fetch.ts"
import { Sources } from "./fetch/Sources.ts"
import { KubeClient } from "./kube/KubeClient.ts"
import { makeRights } from "./kube/rights.ts"
import { Notify } from "./notify/Notify.ts"
import { maskKey, offlineIn } from "./offline.ts"
import { Rights } from "./pipeline/Rights.ts"

/** What each delivery may do to the cluster. `isHomed`: Deliveries of the cluster, whose namespaces are there. */
export const granting = (isHomed: boolean) =>
  Layer.effect(
    Rights,
    Effect.map(KubeClient, (client) => {
      const rights = makeRights(client)
      return {
        of: ({ name, namespace }, identity, secrets = []) => rights({ identity, namespace, name, secrets, isHomed })
      }
    })
  )

/** Git, with its packs below `data` or in the cache. */
export const fetching = (data: string | undefined, room?: number) =>
  Layer.unwrap(
    Effect.map(
      settings,
      ({ cacheDirectory, proxy }) =>
        Fetch.layer({ cacheDirectory: join(data ?? cacheDirectory, "git"), proxy, room: room && room * 3 / 4 })
    )
  )

/** The stages that know a cluster. */
export const stages = Layer.mergeAll(Diff.layer, Apply.layer, InventoryStore.layer)

/** The whole loop against one cluster. */
export const online = (options: ClusterOptions) =>
  Layer.mergeAll(stages, Notify.layer({ allowLoopback: true }), Sources.layer).pipe(
    Layer.provideMerge(fetching(undefined)),
    Layer.provideMerge(Layer.provide(granting(false), client(options, maskKey, undefined))),
    Layer.provideMerge(offlineIn(undefined))
  )
