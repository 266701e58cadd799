import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import { randomBytes } from "node:crypto"
import { delimiter, join } from "node:path"
import { Apply } from "./apply/Apply.ts"
import { InventoryStore } from "./apply/InventoryStore.ts"
import { settings } from "./config.ts"
import { Diff } from "./diff/Diff.ts"
import { Fetch } from "./fetch/Fetch.ts"
import { Identity } from "./kube/Identity.ts"
import { KubeClient } from "./kube/KubeClient.ts"
import { rights } from "./kube/rights.ts"
import { Notify } from "./notify/Notify.ts"
import { Rights } from "./pipeline/Rights.ts"
import { Policy } from "./policy/Policy.ts"
import { Programs } from "./programs/Programs.ts"
import { Render } from "./render/Render.ts"
import { logging } from "./telemetry.ts"

/** Under this key values of Secrets are masked: of this process, so that no two runs can be compared. */
const maskKey = randomBytes(32)

/** What `sluice check` needs: the programs, render and the gate. No cluster, no network but to get the programs. */
export const offline = Layer.unwrap(Effect.map(settings, ({ cacheDirectory, kubebuilderAssets, logLevel, path }) => {
  const programs = Programs.layer({ cacheDirectory: join(cacheDirectory, "programs"), path, kubebuilderAssets })
  return Layer.mergeAll(
    Render.layer({ workDirectory: join(cacheDirectory, "workspaces") }),
    Policy.layer({ cacheDirectory: join(cacheDirectory, "policies"), maskingKey: maskKey })
  ).pipe(
    Layer.provideMerge(Layer.provide(programs, FetchHttpClient.layer)),
    Layer.provideMerge(logging(logLevel))
  )
}))

/** The way to one cluster, and what each delivery may do there. */
const cluster = (options: { readonly kubeconfig: string | undefined; readonly context: string | undefined }) =>
  Layer.unwrap(Effect.map(settings, ({ home, kubeconfig, pod }) => {
    const files = options.kubeconfig === undefined ? kubeconfig.split(delimiter) : [options.kubeconfig]
    return Layer.effect(
      Rights,
      Effect.map(Effect.context<KubeClient>(), (client) => ({
        of: ({ metadata: { name, namespace }, spec }, secrets) => {
          const account = spec.apply.serviceAccountName
          const identity = account === undefined
            ? Identity.Self()
            : Identity.ServiceAccount({ namespace, name: account })
          return Layer.provide(rights({ identity, namespace, name, secrets }), Layer.succeedContext(client))
        }
      }))
    ).pipe(
      Layer.provide(KubeClient.layer({
        files: files.filter((file) => file !== ""),
        context: options.context,
        home,
        pod,
        maskKey
      }))
    )
  }))

/** The whole loop against one cluster. */
export const online = (options: { readonly kubeconfig: string | undefined; readonly context: string | undefined }) =>
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
