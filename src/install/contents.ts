import * as Effect from "effect/Effect"
import { display, key } from "../domain/ObjectRef.ts"
import { KubeReader } from "../kube/KubeReader.ts"
import { booksRef } from "./books.ts"
import { readFailed } from "./survey.ts"

/** What comes with every namespace, or goes with what it is about. */
const incidental = new Set(["Event", "Endpoints", "EndpointSlice", "ControllerRevision", "PodMetrics"])
const given = new Set(["ConfigMap/kube-root-ca.crt", "ServiceAccount/default"])

/**
 * What is in a namespace that no installation made: all kinds that can be listed, whatever the cluster serves. Of
 * `sluice.dev` only what outlives the installation counts.
 */
export const othersIn = Effect.fn("install.contents")(function*(namespace: string, withOurs: boolean) {
  const reader = yield* KubeReader
  const { apiVersions } = yield* Effect.mapError(reader.capabilities, readFailed)
  const kinds = apiVersions.flatMap((name) => {
    const cut = name.lastIndexOf("/")
    const [apiVersion, kind] = [name.slice(0, cut), name.slice(cut + 1)]
    const isKind = /^[A-Z]/u.test(kind) && !incidental.has(kind)
    return isKind && (withOurs || !apiVersion.startsWith("sluice.dev/")) ? [{ apiVersion, kind }] : []
  })
  const found = yield* Effect.forEach(kinds, ({ apiVersion, kind }) =>
    Effect.gen(function*() {
      const known = yield* reader.kindOf(apiVersion, kind)
      if (known === undefined || !known.namespaced || !known.verbs.includes("list")) return []
      return yield* reader.listMetadata(apiVersion, kind, namespace, "")
    }).pipe(
      Effect.map((all) => all.map(({ ref }) => ref)),
      // A kind that vanished, or whose server is gone, holds nothing that we could tell of.
      Effect.catchIf(({ status }) => status === 404 || status === 405 || status >= 500, () => Effect.succeed([])),
      Effect.mapError(readFailed)
    ), { concurrency: 8 })
  const isLease = (name: string, kind: string) => kind === "Lease" && name.startsWith("sluice-")
  const all = found.flat().filter(({ kind, name }) =>
    !given.has(`${kind}/${name}`) && !isLease(name, kind) && !(kind === "ConfigMap" && name === booksRef("").name)
  )
  return [...new Map(all.map((ref) => [key(ref), display(ref)])).values()].sort()
})
