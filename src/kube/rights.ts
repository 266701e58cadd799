import * as Context from "effect/Context"
import * as clusterSecrets from "./clusterSecrets.ts"
import { Identity, nameOf } from "./Identity.ts"
import type { KubeClient } from "./KubeClient.ts"
import { KubeReader } from "./KubeReader.ts"
import { KubeStatus } from "./KubeStatus.ts"
import { KubeWriter } from "./KubeWriter.ts"
import * as reader from "./reader.ts"
import { makeRecordStore } from "./recordStore.ts"
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

interface Acting {
  readonly reader: KubeReader["Service"]
  readonly writer: KubeWriter["Service"]
}

/** Identities of which the rights are kept at hand. */
const kept = 1_000

/**
 * Hands out the rights of deliveries' runs. A record is Sluice's own and written as whoever runs Sluice. What is the same
 * for all who act as one identity is there once: a fleet of thousands has a few accounts.
 */
export const makeRights = (client: KubeClient["Service"]) => {
  const store = makeRecordStore(client.as(Identity.Self()))
  const known = new Map<string, Acting>()
  const acting = (identity: Identity): Acting => {
    const name = nameOf(identity)
    const found = known.get(name)
    if (found !== undefined) return found
    if (known.size === kept) known.clear()
    const made = { reader: reader.make(client, identity), writer: writer.make(client, identity) }
    known.set(name, made)
    return made
  }
  return ({ identity, isHomed = false, name, namespace, secrets = [] }: Rights) => {
    const as = acting(identity)
    return Context.make(KubeReader, as.reader).pipe(
      Context.add(KubeWriter, as.writer),
      Context.add(KubeStatus, status.make(store, { namespace, name }, isHomed)),
      Context.add(Secrets, clusterSecrets.make(client, identity, namespace, secrets))
    )
  }
}
