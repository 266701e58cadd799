import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { delimiter } from "node:path"
import { settings } from "./config.ts"
import { type Fence, noFence } from "./kube/Fence.ts"
import { KubeClient } from "./kube/KubeClient.ts"
import { version } from "./telemetry/version.ts"

/** Which cluster a command line means. */
export interface ClusterOptions {
  readonly kubeconfig: string | undefined
  readonly context: string | undefined
  /** Requests at once; what `KubeClient` says unless given. */
  readonly concurrency?: number | undefined
}

/** One of the processes that share the work of a cluster. */
interface Replica {
  readonly instance: string
  readonly fence: Fence
}

/**
 * The way to one cluster: all that the verbs need that read and steer the agent's resources. The agent names the replica
 * that it is; all others share their work with nobody.
 */
export const client = (options: ClusterOptions, maskKey: Uint8Array, replica: Replica | undefined) =>
  Layer.unwrap(Effect.map(settings, ({ home, kubeconfig, pod }) => {
    const files = options.kubeconfig === undefined ? kubeconfig.split(delimiter) : [options.kubeconfig]
    return KubeClient.layer({
      files: files.filter((file) => file !== ""),
      context: options.context,
      concurrency: options.concurrency,
      home,
      pod,
      maskKey,
      fence: replica?.fence ?? noFence,
      userAgent: `sluice/${version()}${replica === undefined ? "" : ` (${replica.instance})`}`
    })
  }))
