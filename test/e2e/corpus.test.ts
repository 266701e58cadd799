import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, relative, resolve } from "node:path"
import { Agent } from "../support/Agent.ts"
import { type ControlPlane, startControlPlane } from "../support/ControlPlane.ts"
import { type GitServer, startGitServer } from "../support/GitServer.ts"

/** Published manifests, unchanged; they lie beside the project where it is developed. */
const corpus = resolve(process.env.SLUICE_CORPUS ?? join(import.meta.dirname, "..", "..", "..", "shared", "corpus"))
const isThere = existsSync(join(corpus, "podinfo"))
if (!isThere) console.log("the corpus of published manifests is not here (SLUICE_CORPUS): nothing to apply")

let plane: ControlPlane
let git: GitServer
let folder: string

beforeAll(async () => {
  if (!isThere) return
  ;[plane, git] = await Promise.all([startControlPlane({ nodes: 2 }), startGitServer()])
  folder = await mkdtemp(join(tmpdir(), "sluice-corpus-"))
}, 60_000)

afterAll(async () => {
  if (isThere) await Promise.all([plane.stop(), git.stop(), rm(folder, { recursive: true, force: true })])
})

const filesBelow = (root: string): Record<string, Uint8Array> =>
  Object.fromEntries(
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(root, path), readFileSync(path)])
  )

const published = [
  { name: "podinfo-kustomize", from: "podinfo", path: "kustomize", wait: true },
  { name: "podinfo-chart", from: "podinfo", path: "charts/podinfo", wait: true },
  { name: "guestbook-plain", from: "argocd-example-apps", path: "guestbook", wait: true },
  { name: "guestbook-kustomize", from: "argocd-example-apps", path: "kustomize-guestbook", wait: true },
  { name: "guestbook-chart", from: "argocd-example-apps", path: "helm-guestbook", wait: true },
  // A Service of type LoadBalancer, and nobody here who balances.
  { name: "online-boutique", from: "online-boutique", path: "kustomize", wait: false },
  // An APIService of a metrics server that only pretends to run.
  { name: "kube-prometheus", from: "kube-prometheus", path: "manifests", wait: false }
]

describe.runIf(isThere)("published manifests", () => {
  for (const { from, name, path, wait } of published) {
    it(`applies ${name}, and writes nothing the second time`, async () => {
      const repository = await git.repository(name)
      await repository.commit(filesBelow(join(corpus, from)), `Publish ${name}`)
      await plane.request("POST", "/api/v1/namespaces", { metadata: { name } })
      const delivery = join(folder, `${name}.yaml`)
      await writeFile(
        delivery,
        `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: ${name}, namespace: ${name}}
spec:
  source: {git: {url: "${repository.url}", branch: main}}
  path: ${path}
  apply: {wait: ${wait}, timeout: 2m}
`
      )
      const once = async (user: string) => {
        const kubeconfig = join(folder, `${user}.kubeconfig`)
        await writeFile(kubeconfig, plane.user(user, ["system:masters"]))
        const agent = new Agent(["-f", delivery, "--once", "--kubeconfig", kubeconfig])
        const code = await agent.exit()
        const outcome = agent.lines.findLast((line) => line.event === "outcome")
        assert.strictEqual(code, 0, `${JSON.stringify(outcome)}\n${agent.stderr}`)
        return outcome!
      }
      const first = await once(`${name}-first`)
      assert.strictEqual(first.outcome, "Applied")
      console.log(`${name}: ${JSON.stringify(first.changes)} in ${first.durationMs} ms`)
      const second = await once(`${name}-second`)
      assert.strictEqual(second.outcome, "Unchanged")
      const writes = (await plane.readAudit()).filter((event) =>
        event.user.username === `${name}-second` && !["get", "list", "watch"].includes(event.verb)
      )
      assert.deepStrictEqual(writes.map(({ requestURI, verb }) => `${verb} ${requestURI}`), [])
    }, 180_000)
  }
})
