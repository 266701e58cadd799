import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { client, type ClusterOptions } from "./client.ts"
import { Identity } from "./kube/Identity.ts"
import { InstallWriter } from "./kube/InstallWriter.ts"
import { KubeClient } from "./kube/KubeClient.ts"
import { KubeReader } from "./kube/KubeReader.ts"
import * as reader from "./kube/reader.ts"
import { fetching } from "./layers.ts"
import { maskKey, offlineIn } from "./offline.ts"

/** The right to read, as the person whose kubeconfig it is. */
export const reading = Layer.effect(
  KubeReader,
  Effect.map(KubeClient, (client) => reader.make(client, Identity.Self()))
)

/** What puts the agent into a cluster and takes it away: the renderer, and the right to write what it is made of. */
export const installer = (options: ClusterOptions) =>
  Layer.merge(reading, InstallWriter.layer).pipe(
    Layer.provideMerge(client(options, maskKey, undefined)),
    Layer.provideMerge(offlineIn(undefined))
  )

/** What looks at a cluster and at all that its agent needs, and writes nothing. */
export const examiner = (options: ClusterOptions) =>
  Layer.merge(reading, fetching(undefined)).pipe(
    Layer.provideMerge(client(options, maskKey, undefined)),
    Layer.provideMerge(offlineIn(undefined))
  )
