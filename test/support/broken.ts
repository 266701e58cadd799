import { once } from "node:events"
import { type AddressInfo, createServer, type Socket } from "node:net"
import { applyYaml } from "./AgentGround.ts"
import { type ChaosGround, configMap } from "./ChaosGround.ts"

/** One for each Delivery: of two that claim one object the second would be broken in another way. */
const deployment = (index: number) =>
  `apiVersion: apps/v1
kind: Deployment
metadata: {name: hangs-${index}}
spec:
  selector: {matchLabels: {app: hangs}}
  template:
    metadata: {labels: {app: hangs}}
    spec: {containers: [{name: main, image: "registry.example.com/main:1"}]}
`

const policy = `package policies.broken

import rego.v1

deny contains "nothing in denied/ may pass" if startswith(input.metadata.name, "denied")
`

/** What the Deliveries apply that cannot be Ready, a folder each. */
const files = {
  "policies/broken.rego": policy,
  "policed/denied.yaml": configMap("denied", 1),
  "yaml/bad.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [\n",
  "misspelt/misspelt.yaml": `${configMap("misspelt", 1)}dta: {version: "2"}\n`,
  "fine/fine.yaml": configMap("fine", 1)
}

/** Deliveries made at most. */
const most = 100

/** One way to be broken: what its spec says, and what Ready says of it. */
interface Way {
  readonly name: string
  readonly reason: string
  readonly spec: string
}

/** Deliveries that cannot be Ready, each in a way of its own. */
export interface Broken {
  readonly ways: ReadonlyArray<Way>
  /** Makes so many of them in a namespace, `<way>-<index>`, the ways in turn. */
  readonly deliver: (namespace: string, count: number) => Promise<ReadonlyArray<Way & { readonly id: string }>>
  readonly stop: () => Promise<void>
}

export const startBroken = async (ground: ChaosGround): Promise<Broken> => {
  const { url } = await ground.git.repository("broken").then(async (repository) => {
    const hanging = Array.from({ length: most }, (_, index) => [`hangs-${index}/hangs.yaml`, deployment(index)])
    await repository.commit({ ...files, ...Object.fromEntries(hanging) }, "Nothing of this can be Ready")
    return repository
  })
  // A Git host that takes the connection, and then says nothing.
  const sockets = new Set<Socket>()
  const silent = createServer((socket) => sockets.add(socket.on("error", () => {}))).listen(0, "127.0.0.1")
  await once(silent, "listening")
  const { port } = silent.address() as AddressInfo
  const from = (git: string, more = "") => `source: {git: {${git}}, interval: 1s}${more}`
  const main = `url: "${url}", branch: main`
  const unpoliced = ", policy: {paths: []}"
  const ways: ReadonlyArray<Way> = [
    { name: "branch", reason: "FetchFailed", spec: from(`url: "${url}", branch: none-such`) },
    { name: "yaml", reason: "RenderFailed", spec: from(main, ", path: yaml") },
    { name: "denied", reason: "PolicyDenied", spec: from(main, ", path: policed") },
    {
      name: "forbidden",
      reason: "AccessDenied",
      spec: from(main, `, path: fine, apply: {serviceAccountName: nobody}${unpoliced}`)
    },
    { name: "misspelt", reason: "DiffFailed", spec: from(main, `, path: misspelt${unpoliced}`) },
    { name: "hangs", reason: "HealthTimeout", spec: from(main, `, path: hangs-0, apply: {timeout: 2s}${unpoliced}`) },
    { name: "secret", reason: "InvalidSpec", spec: from(`${main}, secretRef: {name: none-such}`) },
    { name: "unreachable", reason: "FetchFailed", spec: from(`url: "http://127.0.0.1:1/none.git", branch: main`) },
    {
      name: "silent",
      reason: "FetchFailed",
      spec: from(`url: "http://127.0.0.1:${port}/silent.git", branch: main`)
    },
    {
      name: "waits",
      reason: "DependencyNotReady",
      spec: from(main, `, path: fine, dependsOn: [{name: none-such}]${unpoliced}`)
    },
    { name: "malformed", reason: "InvalidSpec", spec: "path: fine" }
  ]
  return {
    ways,
    deliver: async (namespace, count) => {
      await applyYaml(
        ground.plane,
        `apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: nobody, namespace: ${namespace}}\n`
      )
      const some = Array.from({ length: count }, (_, index) => {
        const way = ways[index % ways.length]!
        // Each its own source, or they would share one poller.
        const spec = way.spec.replace("silent.git", `silent-${index}.git`).replace("hangs-0", `hangs-${index}`)
        return { ...way, spec, id: `${namespace}/${way.name}-${index}` }
      })
      for (const { id, spec } of some) {
        await applyYaml(
          ground.plane,
          `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: ${id.split("/")[1]}, namespace: ${namespace}}
spec: {${spec}}
`
        )
      }
      return some
    },
    stop: async () => {
      const closed = once(silent, "close")
      silent.close()
      for (const socket of sockets) socket.destroy()
      await closed
    }
  }
}
