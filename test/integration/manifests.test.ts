import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { parse } from "yaml"
import type { CheckReport } from "../../src/cli/CheckReport.ts"
import { at, type Json, type JsonObject } from "../../src/domain/Json.ts"
import { type ControlPlane, startControlPlane } from "../support/ControlPlane.ts"
import {
  applyObjects,
  build,
  customized,
  idOf,
  type Overlay,
  overlay,
  overlays,
  program
} from "../support/Manifests.ts"
import { sluice } from "../support/Sluice.ts"

const deploy = join(import.meta.dirname, "..", "..", "deploy")
const chart = join(deploy, "chart")

let plane: ControlPlane
const page = readFileSync(join(deploy, "docs", "manifests.md"), "utf8")
/** Kustomizations of an operator's: those of the page, and a tenant's namespace. */
let exposed: string
let narrowed: string
let tenant: string

beforeAll(async () => {
  plane = await startControlPlane({ nodes: 3 })
  const repository = join(plane.folder, "platform")
  const [first, second] = [...page.matchAll(/```yaml\n([\s\S]*?)```/gu)].map(([, text = ""]) =>
    parse(text) as JsonObject
  )
  exposed = await customized(repository, "exposed", first!)
  narrowed = await customized(repository, "narrowed", second!)
  tenant = await customized(repository, "tenant", {
    namespace: "team-a",
    resources: ["../deploy/components/tenancy/tenant"]
  })
}, 900_000)
afterAll(() => plane?.stop())

const get = (path: string) => plane.request("GET", path) as Promise<JsonObject>
const items = async (path: string) => (await get(path)).items as ReadonlyArray<JsonObject>

/** Asks until the claim holds of what there is; the time is the test's. */
const until = async <A>(ask: () => Promise<A>, claim: (answer: A) => boolean): Promise<A> => {
  for (;;) {
    const answer = await ask()
    if (claim(answer)) return answer
  }
}

const cordon = async (unschedulable: boolean) => {
  for (const node of await items("/api/v1/nodes")) {
    const path = `/api/v1/nodes/${at(node, "metadata", "name")}`
    await plane.request("PATCH", path, { spec: { unschedulable } }, "application/merge-patch+json")
  }
}

const pods = () => items("/api/v1/namespaces/sluice-system/pods?labelSelector=app.kubernetes.io/name=sluice")
const areReady = (count: number) => (found: ReadonlyArray<Json>) =>
  found.length === count && found.every((pod) => {
    const conditions = at(pod, "status", "conditions") as ReadonlyArray<Json> | undefined
    return conditions?.some((each) => at(each, "type") === "Ready" && at(each, "status") === "True") === true
  })

const statefulSet = "/apis/apps/v1/namespaces/sluice-system/statefulsets/sluice"
const isRolledOut = ({ metadata, spec, status }: JsonObject): boolean =>
  at(status, "observedGeneration") === at(metadata, "generation") &&
  at(status, "currentRevision") === at(status, "updateRevision") &&
  at(status, "readyReplicas") === at(spec, "replicas")

const replicas: Readonly<Record<Overlay, number>> = { quickstart: 1, production: 3, "multi-tenant": 3 }

describe("an empty cluster", () => {
  it("takes the chart from Helm, which leaves what has to stay", async () => {
    const helm = (...args: ReadonlyArray<string>) =>
      program("helm", [...args, "--kubeconfig", plane.adminKubeconfigFile, "--namespace", "sluice-system"])
    await helm("install", "sluice", chart, "--create-namespace")
    await until(pods, areReady(1))
    const namespace = await get("/api/v1/namespaces/sluice-system")
    assert.strictEqual(at(namespace, "metadata", "labels", "pod-security.kubernetes.io/enforce"), "restricted")
    await helm("upgrade", "sluice", chart, "--values", join(chart, "values-production.yaml"))
    await until(pods, areReady(3))
    await helm("uninstall", "sluice", "--wait")
    assert.lengthOf(await items("/apis/apps/v1/namespaces/sluice-system/statefulsets"), 0)
    await get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/deliveries.sluice.dev")
    await get("/api/v1/namespaces/sluice-system")
  })
})

describe("an API server", () => {
  for (const name of overlays) {
    it(`takes every object of ${name} as it is written, and lets its pods in`, async () => {
      await applyObjects(plane, await overlay(name))
      // The pods of the overlay before are ready too, until their turn has come.
      await until(() => get(statefulSet), isRolledOut)
      const found = await until(pods, areReady(replicas[name]))
      const nodes = new Set(found.map((pod) => at(pod, "spec", "nodeName")))
      assert.strictEqual(nodes.size, replicas[name], "each is on a node of its own")
    })
  }

  it("keeps two of three replicas while nodes are drained", async () => {
    const path = "/apis/policy/v1/namespaces/sluice-system/poddisruptionbudgets/sluice"
    // A pod that is not ready may always be evicted.
    const [first, second] = await until(pods, areReady(3))
    await until(() => get(path), (budget) => at(budget, "status", "disruptionsAllowed") === 1)
    const evict = async (pod: Json) => {
      const name = String(at(pod, "metadata", "name"))
      const body = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace: "sluice-system" } }
      return plane.request("POST", `/api/v1/namespaces/sluice-system/pods/${name}/eviction`, body)
        .then(() => "evicted", ({ message }: Error) => message)
    }
    // What is evicted finds no other node before the next is to go.
    await cordon(true)
    assert.deepStrictEqual(await evict(first!), "evicted")
    assert.include(await evict(second!), "disruption budget")
    await cordon(false)
    await until(pods, areReady(3))
  })

  it("lets no pod in that is less restricted", async () => {
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "loose" } }
    const said = await plane.request("POST", "/api/v1/namespaces/sluice-system/pods", {
      ...pod,
      spec: { containers: [{ name: "a", image: "a", securityContext: { privileged: true } }] }
    }).then(() => "", ({ message }: Error) => message)
    assert.include(said, "violates PodSecurity")
  })

  it("takes what the page shows: a way in for webhooks, and NetworkPolicies that are narrower", async () => {
    await applyObjects(plane, await build(narrowed))
    const policy = await get("/apis/networking.k8s.io/v1/namespaces/sluice-system/networkpolicies/sluice")
    const from = [1, 2].map((index) =>
      at(policy, "spec", "ingress", index, "from", 0, "namespaceSelector", "matchLabels")
    )
    assert.deepStrictEqual(
      from,
      ["ingress-nginx", "monitoring"].map((name) => ({ "kubernetes.io/metadata.name": name }))
    )
    const objects = await build(exposed)
    const isOperators = ({ apiVersion }: JsonObject) => String(apiVersion).startsWith("monitoring.coreos.com/")
    assert.lengthOf(objects.filter(isOperators), 2)
    // Without the Prometheus operator the cluster has no such kinds.
    await applyObjects(plane, objects.filter((object) => !isOperators(object)))
    const ingress = await get("/apis/networking.k8s.io/v1/namespaces/sluice-system/ingresses/sluice")
    assert.strictEqual(at(ingress, "spec", "rules", 0, "host"), "hooks.example.org")
    const set = await get("/apis/apps/v1/namespaces/sluice-system/statefulsets/sluice")
    const container = at(set, "spec", "template", "spec", "containers", 0)
    assert.match(String(at(container, "image")), /^registry\.example\.com\/sluice@sha256:0{64}$/u)
    assert.include(at(container, "args"), "--cluster-name=production")
  })

  it("takes what a tenant gets, whose namespace is said once", async () => {
    await plane.request("POST", "/api/v1/namespaces", { metadata: { name: "team-a" } })
    const objects = await build(tenant)
    await applyObjects(plane, objects)
    assert.deepStrictEqual(objects.map(idOf).sort(), [
      "Role/team-a/sluice-deployer",
      "RoleBinding/team-a/sluice-agent-deliveries",
      "RoleBinding/team-a/sluice-deployer",
      "ServiceAccount/team-a/sluice"
    ])
    const of = (name: string) => at(objects.find((object) => idOf(object) === name), "subjects", 0, "namespace")
    assert.strictEqual(of("RoleBinding/team-a/sluice-agent-deliveries"), "sluice-system")
    assert.strictEqual(of("RoleBinding/team-a/sluice-deployer"), "team-a")
  })
})

/** What our own policies say against our own manifests, and why it stays. Everything else that they say is a mistake. */
const accepted: Readonly<Record<string, string>> = {
  "images/digest-required": "an image that is not published yet has no digest: image.digest, or kustomize's images",
  "images/pull-policy": "a version's tag is never moved; a cluster without a registry has it on its nodes",
  "images/registry-allowed": "denies everything without a parameter that names registries",
  "rbac/no-aggregation": "sluice-view and sluice-edit are meant to be part of view, edit and admin",
  "rbac/no-escalation": "to act as the accounts of Deliveries is what an agent with few rights of its own is made of",
  "rbac/no-secrets-reading": "the keys of records, and what PolicyBundles read their repositories with",
  "workloads/replicas-minimum": "quickstart runs once, and a restart costs nothing but seconds"
}

describe("our own policies", () => {
  const image = "StatefulSet/sluice"
  const always = [
    `images/digest-required ${image}`,
    `images/pull-policy ${image}`,
    `images/registry-allowed ${image}`,
    "rbac/no-aggregation ClusterRole/sluice-edit",
    "rbac/no-aggregation ClusterRole/sluice-view",
    "rbac/no-escalation ClusterRole/sluice-agent-deliveries",
    "rbac/no-secrets-reading ClusterRole/sluice-agent-deliveries",
    "rbac/no-secrets-reading Role/sluice-agent"
  ]
  const cases: ReadonlyArray<readonly [string, () => string, ReadonlyArray<string>]> = [
    ...overlays.map((name) =>
      [
        name,
        () => join(deploy, "overlays", name),
        name === "quickstart" ? [...always, "workloads/replicas-minimum List/all objects"] : always
      ] as const
    ),
    [
      "production as the page shows it",
      () => exposed,
      always.filter((line) => !/^images\/(digest|pull)/u.test(line))
    ],
    ["a tenant's namespace", () => tenant, ["rbac/no-secrets-reading Role/sluice-deployer"]]
  ]
  for (const [what, folder, expected] of cases) {
    it(`deny nothing in ${what} that is not accepted for a reason`, async () => {
      // The whole library, as the policies of a repository.
      const answer = await sluice(["check", folder(), "--policy", join(deploy, "..", "policies"), "-o", "json"])
      const { errors, summary, verdict, violations } = JSON.parse(answer.stdout) as CheckReport
      assert.deepStrictEqual([errors, verdict], [[], "denied"], answer.stderr)
      assert.isAbove(summary.passed, 250)
      const said = new Set(violations.map(({ object, policy }) => `${policy} ${object?.kind}/${object?.name}`))
      assert.deepStrictEqual([...said].sort(), expected)
      for (const line of expected) assert.property(accepted, line.split(" ")[0]!)
    })
  }
})
