import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { parse } from "yaml"
import { at, type JsonObject } from "../../src/domain/Json.ts"
import { build, customized, idOf, objectsOf, overlay, overlays, program } from "../support/Manifests.ts"

const root = join(import.meta.dirname, "..", "..")
const chart = join(root, "deploy", "chart")

const version: string = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version

const rendered = async (...args: ReadonlyArray<string>) =>
  objectsOf(await program("helm", ["template", "sluice", chart, "--namespace", "sluice-system", ...args]))

const keep = "helm.sh/resource-policy"

/** Without the one thing that only Helm reads. */
const withoutHelm = (object: JsonObject): JsonObject => {
  const { annotations, ...metadata } = object.metadata as JsonObject
  const { [keep]: _, ...rest } = (annotations ?? {}) as JsonObject
  return { ...object, metadata: Object.keys(rest).length === 0 ? metadata : { ...metadata, annotations: rest } }
}

const byId = (objects: ReadonlyArray<JsonObject>) =>
  Object.fromEntries(objects.map((object) => [idOf(object), withoutHelm(object)] as const).toSorted())

const find = (objects: ReadonlyArray<JsonObject>, id: string) => objects.find((object) => idOf(object) === id)

describe("the chart", () => {
  for (const name of overlays) {
    const values = name === "quickstart" ? [] : ["--values", join(chart, `values-${name}.yaml`)]
    it(`is the overlay ${name}, object for object`, async () => {
      const [helm, kustomize] = await Promise.all([rendered(...values), overlay(name)])
      assert.strictEqual(helm.length, kustomize.length)
      assert.deepStrictEqual(byId(helm), byId(kustomize))
    })
  }

  it("is production with its components, object for object", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sluice-chart-"))
    const own = await customized(folder, "own", {
      resources: ["../deploy/overlays/production"],
      components: ["monitoring", "webhooks", "webhooks/gateway"].map((name) => `../deploy/components/${name}`),
      labels: [{ pairs: { "app.kubernetes.io/version": version } }]
    })
    const values = ["--values", join(chart, "values-production.yaml")]
    const enabled = ["monitoring", "ingress", "gateway"].flatMap((name) => ["--set", `${name}.enabled=true`])
    const [helm, kustomize] = await Promise.all([rendered(...values, ...enabled), build(own)])
    await rm(folder, { recursive: true })
    // kustomize writes one newline too many into a folded text with indented lines.
    const folded = (objects: ReadonlyArray<JsonObject>) =>
      JSON.parse(JSON.stringify(byId(objects)).replaceAll(/(?:\\n)+/gu, "\\n"))
    assert.deepStrictEqual(folded(helm), folded(kustomize))
  })

  it("keeps its CRDs and its namespace when the release goes, and nothing else", async () => {
    const kept = (await rendered()).filter((object) => at(object, "metadata", "annotations", keep) === "keep")
    assert.deepStrictEqual([...new Set(kept.map(({ kind }) => kind))].sort(), ["CustomResourceDefinition", "Namespace"])
    assert.lengthOf(kept, 4)
  })

  it("says what its values say, and refuses those that it does not know", async () => {
    const some = await rendered(
      ...["image.digest=sha256:abc", "extraArgs={--concurrency=64}", "nodeSelector.disk=ssd", "crds.install=false"]
        .concat(["tenancy.enabled=true", "tenancy.namespaces={team-a,team-b}", "deployer.create=false"])
        .concat(["ingress.enabled=true", "gateway.enabled=true", "webhooks.host=hooks.example.org"])
        .concat(["ingress.annotations.a=b", "image.pullSecrets[0].name=registry", "replicas=2"])
        .flatMap((value) => ["--set", value])
    )
    const pod = at(find(some, "StatefulSet/sluice-system/sluice"), "spec", "template", "spec")
    assert.strictEqual(at(pod, "containers", 0, "image"), "registry.sluice.dev/sluice@sha256:abc")
    assert.deepStrictEqual((at(pod, "containers", 0, "args") as ReadonlyArray<string>).slice(-1), ["--concurrency=64"])
    assert.deepStrictEqual(at(pod, "nodeSelector"), { disk: "ssd" })
    assert.deepStrictEqual(at(pod, "imagePullSecrets"), [{ name: "registry" }])
    assert.isDefined(at(pod, "topologySpreadConstraints"))
    assert.isDefined(find(some, "PodDisruptionBudget/sluice-system/sluice"))
    assert.isUndefined(some.find(({ kind }) => kind === "CustomResourceDefinition"))
    assert.isUndefined(find(some, "ServiceAccount/sluice-system/deployer"))
    const bindings = some.filter((object) => at(object, "roleRef", "name") === "sluice-agent-deliveries").map(idOf)
    assert.deepStrictEqual(
      bindings.sort(),
      ["sluice-system", "team-a", "team-b"].map((namespace) => `RoleBinding/${namespace}/sluice-agent-deliveries`)
    )
    const ingress = find(some, "Ingress/sluice-system/sluice")
    assert.strictEqual(at(ingress, "spec", "rules", 0, "host"), "hooks.example.org")
    assert.deepStrictEqual(at(ingress, "metadata", "annotations"), { a: "b" })
    const route = find(some, "HTTPRoute/sluice-system/sluice")
    assert.deepStrictEqual(at(route, "spec", "hostnames"), ["hooks.example.org"])
    assert.deepStrictEqual(at(route, "spec", "parentRefs"), [
      { name: "public", namespace: "gateways", sectionName: "https" }
    ])
    const refused = await rendered("--set", "replica=3").then(() => "", ({ message }: Error) => message)
    assert.match(refused, /replica/u)
  })

  it("has each variable once, that of the operator before its own, and volumes of the operator's", async () => {
    const some = await rendered(
      ...[
        "extraEnv[0].name=NODE_OPTIONS",
        "extraEnv[0].value=--max-old-space-size=700",
        "extraEnv[1].name=MALLOC_ARENA_MAX"
      ]
        .concat(["extraEnv[1].valueFrom.configMapKeyRef.name=a", "extraEnv[1].valueFrom.configMapKeyRef.key=b"])
        .concat(["extraEnv[2].name=NODE_EXTRA_CA_CERTS", "extraEnv[2].value=/authority/ca.crt"])
        .concat(["extraVolumes[0].name=authority", "extraVolumes[0].configMap.name=authority"])
        .concat(["extraVolumeMounts[0].name=authority", "extraVolumeMounts[0].mountPath=/authority"])
        .flatMap((value) => ["--set", value])
    )
    const pod = at(find(some, "StatefulSet/sluice-system/sluice"), "spec", "template", "spec")
    const env = at(pod, "containers", 0, "env") as ReadonlyArray<JsonObject>
    const names = env.map(({ name }) => name)
    assert.strictEqual(new Set(names).size, names.length)
    assert.includeMembers(names, ["POD_NAME", "HOME", "SLUICE_LOG_FORMAT"])
    assert.deepStrictEqual(env.slice(-3), [
      { name: "NODE_OPTIONS", value: "--max-old-space-size=700" },
      { name: "MALLOC_ARENA_MAX", valueFrom: { configMapKeyRef: { name: "a", key: "b" } } },
      { name: "NODE_EXTRA_CA_CERTS", value: "/authority/ca.crt" }
    ])
    const volumes = at(pod, "volumes") as ReadonlyArray<JsonObject>
    assert.deepStrictEqual(volumes.at(-1), { name: "authority", configMap: { name: "authority" } })
    const mounts = at(pod, "containers", 0, "volumeMounts") as ReadonlyArray<JsonObject>
    assert.deepStrictEqual(mounts.at(-1), { name: "authority", mountPath: "/authority" })
  })

  it("gives nobody every namespace where there are tenants, whatever else is said", async () => {
    const binds = (objects: ReadonlyArray<JsonObject>) =>
      objects.filter(({ kind }) => kind === "ClusterRoleBinding").map(idOf).sort()
    assert.deepStrictEqual(binds(await rendered("--set", "tenancy.enabled=true,deployer.create=true")), [
      "ClusterRoleBinding/sluice-agent"
    ])
    assert.include(binds(await rendered()), "ClusterRoleBinding/sluice-deployer-admin")
  })

  it("has names as they are said, also those that YAML would read as something else, and each tenant once", async () => {
    const names = ["123", "true", "1e3", "123"]
    const strange = await program("helm", [
      "template",
      "sluice",
      chart,
      "--namespace",
      "1234",
      "--set",
      "tenancy.enabled=true",
      "--set-json",
      `tenancy.namespaces=${JSON.stringify([...names, "1234"])}`,
      "--set",
      "ingress.enabled=true",
      "--set-string",
      "ingress.className=x: y,webhooks.tlsSecret=0x1"
    ])
    const objects = objectsOf(strange)
    assert.deepStrictEqual(
      objects.filter((object) => at(object, "roleRef", "name") === "sluice-agent-deliveries")
        .map(({ metadata }) => at(metadata, "namespace")).sort(),
      ["123", "1234", "1e3", "true"]
    )
    const ingress = find(objects, "Ingress/1234/sluice")
    assert.strictEqual(at(ingress, "spec", "ingressClassName"), "x: y")
    assert.strictEqual(at(ingress, "spec", "tls", 0, "secretName"), "0x1")
    const homes = objects.map(({ metadata }) => at(metadata, "namespace")).filter((home) => home !== undefined)
    assert.isTrue(homes.every((home) => typeof home === "string"))
  })

  it("goes into another namespace as a whole", async () => {
    const text = await program("helm", ["template", "sluice", chart, "--namespace", "gitops"])
    assert.notInclude(
      objectsOf(text).map((object) => JSON.stringify({ ...object, spec: undefined })).join(),
      "sluice-system"
    )
  })
})

describe("the manifests", () => {
  it("are of this version, wherever it is written", async () => {
    const stateful = (objects: ReadonlyArray<JsonObject>) => find(objects, "StatefulSet/sluice-system/sluice")
    for (const name of overlays) {
      const objects = await overlay(name)
      for (const object of objects) {
        assert.deepInclude(at(object, "metadata", "labels"), {
          "app.kubernetes.io/name": "sluice",
          "app.kubernetes.io/part-of": "sluice",
          "app.kubernetes.io/version": version
        }, `${name}: ${idOf(object)}`)
      }
      const container = at(stateful(objects), "spec", "template", "spec", "containers", 0)
      assert.strictEqual(at(container, "image"), `registry.sluice.dev/sluice:${version}`)
      assert.notInclude(JSON.stringify(container), "allow-cross-namespace")
    }
    const { appVersion, version: own } = parse(readFileSync(join(chart, "Chart.yaml"), "utf8"))
    assert.deepStrictEqual([appVersion, own], [version, version])
    assert.deepInclude(at(stateful(await build(join(root, "deploy", "base"))), "metadata", "labels"), {
      "app.kubernetes.io/version": version
    })
  })

  it("let hooks in from what is no pod: the host's network, a load balancer, the API server's proxy", async () => {
    const policy = find(await overlay("quickstart"), "NetworkPolicy/sluice-system/sluice")
    const rules = at(policy, "spec", "ingress") as ReadonlyArray<JsonObject>
    const open = rules.filter(({ from }) => from === undefined)
    assert.deepStrictEqual(open, [{ ports: [{ port: "http", protocol: "TCP" }] }])
  })

  it("give Node an option that it knows, by which the heap follows the memory limit", async () => {
    const set = find(await overlay("quickstart"), "StatefulSet/sluice-system/sluice")
    const environment = at(set, "spec", "template", "spec", "containers", 0, "env") as ReadonlyArray<JsonObject>
    const options = String(environment.find(({ name }) => name === "NODE_OPTIONS")?.value)
    const script = "console.log(require('v8').getHeapStatistics().heap_size_limit)"
    const limits = await Promise.all([options, options.replace("60", "30")].map(async (NODE_OPTIONS) => {
      const { stdout } = await promisify(execFile)(process.execPath, ["-e", script], { env: { NODE_OPTIONS } })
      return Number(stdout)
    }))
    assert.isAbove(limits[0]!, limits[1]!)
  })
})
