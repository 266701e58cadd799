import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { delimiter } from "node:path"
import { settings } from "./config.ts"
import { KubeClient } from "./kube/KubeClient.ts"

/** Which cluster a command line means. */
export interface ClusterOptions {
  readonly kubeconfig: string | undefined
  readonly context: string | undefined
  /** Requests at once; what `KubeClient` says unless given. */
  readonly concurrency?: number | undefined
}

/** The way to one cluster: all that the verbs need that read and steer the agent's resources. */
export const client = (options: ClusterOptions, maskKey: Uint8Array) =>
  Layer.unwrap(Effect.map(settings, ({ home, kubeconfig, pod }) => {
    const files = options.kubeconfig === undefined ? kubeconfig.split(delimiter) : [options.kubeconfig]
    return KubeClient.layer({
      files: files.filter((file) => file !== ""),
      context: options.context,
      concurrency: options.concurrency,
      home,
      pod,
      maskKey
    })
  }))
