import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { Apply } from "../../src/apply/Apply.ts"
import { InventoryStore } from "../../src/apply/InventoryStore.ts"
import { Diff } from "../../src/diff/Diff.ts"
import { noFence } from "../../src/kube/Fence.ts"
import { Identity } from "../../src/kube/Identity.ts"
import { KubeClient } from "../../src/kube/KubeClient.ts"
import type { KubeReader } from "../../src/kube/KubeReader.ts"
import { KubeStatus } from "../../src/kube/KubeStatus.ts"
import { KubeWriter } from "../../src/kube/KubeWriter.ts"
import type { Secrets } from "../../src/kube/Secrets.ts"
import { type ControlPlane, controlPlane, type Options } from "../support/ControlPlane.ts"
import { rights } from "../support/rights.ts"

/** The control plane of a test file. */
export class Cluster extends Context.Service<Cluster, ControlPlane>()("test/Cluster") {}

const stages = Layer.mergeAll(Diff.layer, Apply.layer, InventoryStore.layer)

const client = (files: ReadonlyArray<string>) =>
  KubeClient.layer({ files, fence: noFence, maskKey: new TextEncoder().encode("key of this test") }).pipe(
    Layer.provide(NodeFileSystem.layer)
  )

/** A real API server with diff and apply on it, as its admin. */
export const cluster = (options: Options) =>
  Layer.unwrap(Effect.map(Cluster, (plane) => client([plane.adminKubeconfigFile]))).pipe(
    Layer.provideMerge(Layer.effect(Cluster, controlPlane(options))),
    Layer.merge(stages)
  )

/** The rights of a delivery, as the admin. */
export const as = (name: string, namespace: string) => rights({ identity: Identity.Self(), namespace, name })

/** The rights of a delivery, as somebody who may do what RBAC says. */
export const asUser = (user: string, name: string, namespace: string) =>
  Layer.unwrap(Effect.map(Cluster, (plane) => {
    const file = join(plane.folder, `${user}.kubeconfig`)
    writeFileSync(file, plane.user(user))
    return Layer.provide(as(name, namespace), client([file]))
  }))

/** Asks the API server behind Sluice's back. */
export const ask = Effect.fnUntraced(function*(method: string, path: string, body?: unknown, contentType?: string) {
  const plane = yield* Cluster
  return yield* Effect.promise(() => plane.request(method, path, body, contentType))
})

/** What the API server says no to. */
export const exists = Effect.fnUntraced(function*(path: string) {
  const plane = yield* Cluster
  return yield* Effect.promise(() => plane.request("GET", path).then(() => true, () => false))
})

/** An empty namespace: what a first try of a test left in it goes. */
export const makeNamespace = Effect.fnUntraced(function*(name: string) {
  const made = { apiVersion: "v1", kind: "Namespace", metadata: { name } }
  if (!(yield* exists(`/api/v1/namespaces/${name}`))) return yield* ask("POST", "/api/v1/namespaces", made)
  const rbac = "rbac.authorization.k8s.io/v1"
  for (
    const resource of ["v1/configmaps", "v1/secrets", "apps/v1/deployments", `${rbac}/roles`, `${rbac}/rolebindings`]
  ) {
    const at = resource.lastIndexOf("/")
    const group = resource.slice(0, at)
    yield* ask("DELETE", `/${group === "v1" ? "api" : "apis"}/${group}/namespaces/${name}${resource.slice(at)}`)
  }
})

/** `patch`, `patch (dry run)`, `list`…: the requests about a namespace since the effect began, Sluice's record left out. */
export const requestsOf = Effect.fnUntraced(function*<A, E, R>(namespace: string, effect: Effect.Effect<A, E, R>) {
  const plane = yield* Cluster
  const before = (yield* Effect.promise(plane.readAudit)).length
  const value = yield* effect
  const events = (yield* Effect.promise(plane.readAudit)).slice(before)
  const requests = events
    .filter(({ objectRef, stage, userAgent }) =>
      stage === "ResponseComplete" && objectRef?.namespace === namespace && userAgent?.startsWith("kube-") !== true
    )
    .filter(({ objectRef }) => objectRef?.name?.startsWith("sluice-") !== true)
    .map(({ requestURI, verb }) => requestURI.includes("dryRun=All") ? `${verb} (dry run)` : verb)
  return { value, requests: [...requests].sort(), events }
})

/** Lets a user do something in a namespace. */
export const allow = Effect.fnUntraced(function*(user: string, namespace: string, rules: ReadonlyArray<unknown>) {
  const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: user }
  yield* ask("POST", `${path}/roles`, { metadata: { name: user }, rules })
  yield* ask("POST", `${path}/rolebindings`, {
    metadata: { name: user },
    roleRef,
    subjects: [{ kind: "User", name: user }]
  })
})

/** Rights whose holder dies, as by SIGKILL, before or after its n-th write: from then on it does nothing at all. */
export const dyingAt = <E, R>(
  writes: number,
  moment: "before" | "after",
  rights: Layer.Layer<KubeReader | KubeWriter | KubeStatus | Secrets, E, R>
) =>
  Layer.effectContext(Effect.gen(function*() {
    const context = yield* Effect.context<KubeReader | KubeWriter | KubeStatus | Secrets>()
    const [writer, status] = [Context.get(context, KubeWriter), Context.get(context, KubeStatus)]
    let left = writes
    let dead = false
    const kill = Effect.suspend(() => {
      dead = true
      return Effect.die("killed")
    })
    const mortal = <A, E>(write: Effect.Effect<A, E>) =>
      Effect.suspend(() => {
        if (dead) return Effect.die("dead")
        if (left-- !== 0) return write
        return moment === "before" ? kill : Effect.andThen(write, kill)
      })
    return context.pipe(
      Context.add(KubeWriter, {
        ...writer,
        setOwners: (...all) => mortal(writer.setOwners(...all)),
        apply: (...all) => mortal(writer.apply(...all)),
        delete: (...all) => mortal(writer.delete(...all))
      }),
      Context.add(KubeStatus, { ...status, save: (...all) => mortal(status.save(...all)) })
    )
  })).pipe(Layer.provide(rights))
