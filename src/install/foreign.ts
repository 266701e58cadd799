import * as Effect from "effect/Effect"
import { KubeReader } from "../kube/KubeReader.ts"
import { liveMetadata } from "../kube/liveMetadata.ts"
import { keeperOf } from "./keeper.ts"
import { readFailed } from "./survey.ts"

/** The StatefulSet of the agent. */
export const agentRef = (namespace: string) => ({ group: "apps", kind: "StatefulSet", namespace, name: "sluice" })

/** The definition that stays when Helm takes its release away. */
const definitionRef = {
  group: "apiextensions.k8s.io",
  kind: "CustomResourceDefinition",
  namespace: "",
  name: "deliveries.sluice.dev"
}

/** Where no books are: whether an agent is there all the same, and who keeps it, or what it left. */
export const foreignAgent = Effect.fnUntraced(function*(namespace: string) {
  const reader = yield* KubeReader
  const read = (apiVersion: string, ref: Parameters<typeof reader.get>[1]) =>
    Effect.map(
      Effect.mapError(reader.get(apiVersion, ref), readFailed),
      (object) => object === undefined ? undefined : liveMetadata(apiVersion, ref.kind, object)
    )
  const agent = yield* read("apps/v1", agentRef(namespace))
  const marked = agent ?? (yield* read("apiextensions.k8s.io/v1", definitionRef))
  return { isThere: agent !== undefined, keeper: marked === undefined ? undefined : keeperOf(marked, namespace) }
})
