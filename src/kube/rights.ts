import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as clusterSecrets from "./clusterSecrets.ts"
import type { Identity } from "./Identity.ts"
import { KubeClient } from "./KubeClient.ts"
import { KubeReader } from "./KubeReader.ts"
import { KubeStatus } from "./KubeStatus.ts"
import { KubeWriter } from "./KubeWriter.ts"
import * as reader from "./reader.ts"
import { type GivenSecret, Secrets } from "./Secrets.ts"
import * as status from "./status.ts"
import * as writer from "./writer.ts"

export interface Rights {
  /** As whom the delivery acts: `Identity.ServiceAccount({ namespace, name })`, or `Identity.Self()` where it names none. */
  readonly identity: Identity
  /** Of the delivery. */
  readonly namespace: string
  readonly name: string
  /** Whether its record can only be in its own namespace. */
  readonly isHomed?: boolean
  /** Secrets that were given beside the delivery. */
  readonly secrets?: ReadonlyArray<GivenSecret>
}

/** The rights of one delivery's runs. Its record is Sluice's own and written as whoever runs Sluice. */
export const rights = (
  options: Rights
): Layer.Layer<KubeReader | KubeWriter | KubeStatus | Secrets, never, KubeClient> => {
  const { identity, isHomed = false, name, namespace, secrets = [] } = options
  return Layer.mergeAll(
    Layer.effect(KubeReader, Effect.map(KubeClient, (client) => reader.make(client, identity))),
    Layer.effect(KubeWriter, Effect.map(KubeClient, (client) => writer.make(client, identity))),
    Layer.effect(KubeStatus, Effect.flatMap(KubeClient, (client) => status.make(client, { namespace, name }, isHomed))),
    Layer.effect(Secrets, Effect.map(KubeClient, (client) => clusterSecrets.make(client, identity, namespace, secrets)))
  )
}
