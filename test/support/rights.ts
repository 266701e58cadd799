import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { KubeClient } from "../../src/kube/KubeClient.ts"
import { makeRights, type Rights } from "../../src/kube/rights.ts"

/** The rights of one delivery, as the product hands them out. */
export const rights = (options: Rights) =>
  Layer.effectContext(Effect.map(KubeClient, (client) => makeRights(client)(options)))
