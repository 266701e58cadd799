import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { mkdirSync, writeFileSync } from "node:fs"
import { type AddressInfo, connect, createServer } from "node:net"
import { networkInterfaces } from "node:os"
import { join } from "node:path"
import { parse, stringify } from "yaml"
import type { Finding } from "../../src/doctor/Finding.ts"
import { AgentProcess, applyYaml } from "../support/AgentGround.ts"
import { startApiProxy } from "../support/ApiProxy.ts"
import { type ControlPlane, startControlPlane } from "../support/ControlPlane.ts"
import { freePorts } from "../support/controlplane/Processes.ts"
import { type GitServer, startGitServer } from "../support/GitServer.ts"
import { sluiceOn } from "../support/installed.ts"
import { sluice as run } from "../support/Sluice.ts"

const bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
const password = "correct-horse-battery-staple"

interface Report {
  readonly verdict: string
  readonly findings: ReadonlyArray<Finding>
}

/** An address of this machine that the API server lets Services have. */
const outward = Object.values(networkInterfaces()).flat().find((one) => one?.family === "IPv4" && !one.internal)
  ?.address

/** A port on which nobody listens. */
const closedPort = async () => (await freePorts(1))[0]!

describe("sluice doctor, on a real API server", () => {
  let plane: ControlPlane
  let git: GitServer
  let sluice: ReturnType<typeof sluiceOn>
  const examined = async (...args: ReadonlyArray<string>) => {
    const { code, stdout } = await sluice("doctor", "-o", "json", "--timeout", "5s", ...args)
    assert.notInclude(stdout, password)
    const { findings, verdict } = JSON.parse(stdout) as Report
    const of = (check: string, status?: Finding["status"]) =>
      findings.filter((finding) => finding.check === check && (status === undefined || finding.status === status))
    const says = (check: string) => of(check).map(({ message, status }) => `${status}: ${message}`).join("\n")
    return { code, verdict, of, says }
  }
  const file = (name: string, text: string) => {
    const path = join(plane.folder, name)
    writeFileSync(path, text)
    return path
  }
  const deliver = (name: string, source: string) =>
    applyYaml(
      plane,
      `{apiVersion: sluice.dev/v1alpha1, kind: Delivery, metadata: {name: ${name}, namespace: shop}, spec: {source: ${source}}}`
    )

  /** Makes an object of the core, anew where a first try made it. */
  const put = async (plural: string, namespace: string, name: string, rest: object) => {
    const path = `/api/v1/namespaces/${namespace}/${plural}`
    await plane.request("DELETE", `${path}/${name}?gracePeriodSeconds=0`).catch(() => undefined)
    await plane.request("POST", path, { metadata: { name }, ...rest })
  }

  beforeAll(async () => {
    const started = await Promise.all([
      startControlPlane({ nodes: 1 }),
      startGitServer({ basic: { username: "sluice", password } })
    ])
    ;[plane, git] = started
    sluice = sluiceOn(plane)
  })
  afterAll(() => Promise.all([plane?.stop(), git?.stop()]))

  it("says before an installation whether there can be one", async () => {
    const admin = await examined("--pre")
    assert.strictEqual(admin.code, 0)
    assert.strictEqual(admin.says("your rights"), "ok: you may write all that an installation is made of")
    assert.include(admin.says("installation"), "nothing is installed in namespace sluice-system yet")
    const kubeconfig = file("dev.kubeconfig", plane.user("dev"))
    const dev = await run(["doctor", "--pre", "--kubeconfig", kubeconfig])
    assert.strictEqual(dev.code, 1, dev.text)
    assert.match(dev.stdout, /failed +your rights +you may not get customresourcedefinitions\.apiextensions\.k8s\.io/u)
  })

  it("says of an empty cluster what is missing, and no more", async () => {
    const { code, of, says } = await examined()
    assert.strictEqual(code, 1)
    assert.include(says("installation"), "failed: nothing is installed in namespace sluice-system")
    assert.lengthOf(of("crds", "failed"), 3)
    assert.lengthOf(of("agent's rights"), 0)
  })

  it("finds nothing wrong with what was just installed", async () => {
    const installed = await sluice("install")
    assert.strictEqual(installed.code, 0, installed.stderr)
    const { code, of, says } = await examined()
    assert.strictEqual(code, 0, JSON.stringify(of("crds")))
    assert.strictEqual(says("crds"), "ok: 3 definitions are there, and are this version's")
    assert.strictEqual(says("agent's rights"), "ok: the agent (sluice-system/sluice) may do all that it does")
    assert.include(says("agent"), "ok: runs: 1 of 1 replicas are ready")
    assert.lengthOf(of("network", "ok"), 2)
    assert.strictEqual(says("clock"), "ok: this machine and the API server agree about the time")
  })

  it("says which right is missing, where, and what does not work without it", async () => {
    await applyYaml(plane, "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n")
    await deliver("open", "{git: {url: \"https://git.invalid/shop.git\", branch: main}}")
    await plane.request("DELETE", `${bindings}/sluice-agent-deliveries`)
    const broken = await examined()
    assert.strictEqual(broken.code, 1)
    const failures = broken.of("agent's rights", "failed")
    assert.include(
      failures[0]?.message,
      "the agent may not impersonate serviceaccounts in namespace sluice-system, shop: no Delivery there can act"
    )
    assert.include(failures[0]?.remedy, "kubectl create rolebinding sluice-agent-deliveries -n sluice-system")
    assert.match(broken.says("agent's rights"), /warning: the agent may not [a-z, ]+ secrets in namespace/u)
    // A namespace of its own is enough for the Deliveries in it.
    for (const namespace of ["shop", "sluice-system"]) {
      await applyYaml(
        plane,
        `apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: sluice-agent-deliveries, namespace: ${namespace}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: sluice-agent-deliveries}
subjects: [{kind: ServiceAccount, name: sluice, namespace: sluice-system}]
`
      )
    }
    assert.include((await examined()).says("agent's rights"), "may do all that it does")
  })

  it("answers nothing where it may not read, or not in time", async () => {
    const kubeconfig = file("nobody.kubeconfig", plane.user("nobody"))
    const nobody = await run(["doctor", "--kubeconfig", kubeconfig])
    assert.strictEqual(nobody.code, 4, nobody.text)
    assert.match(nobody.stdout, /warning +deliveries +Deliveries and PolicyBundles cannot be listed/u)
    const hasty = await run(["doctor", "--timeout", "1ms", "--kubeconfig", plane.adminKubeconfigFile])
    assert.strictEqual(hasty.code, 2, hasty.text)
  })

  it("asks Git as the agent would, and shows no secret", async () => {
    const repository = await git.repository("shop")
    await repository.commit({ "a.yaml": "" }, "First")
    const secret = (name: string, value: string) =>
      put("secrets", "shop", name, { stringData: { username: "sluice", password: value } })
    await secret("right", password)
    await secret("wrong", `${password}-no-more`)
    const source = (name: string) =>
      `{git: {url: "${repository.url}", branch: main, insecure: true, secretRef: {name: ${name}}}}`
    await deliver("right", source("right"))
    await deliver("wrong", source("wrong"))
    await deliver("open", `{git: {url: "http://127.0.0.1:${await closedPort()}/shop.git", branch: main}}`)
    const { code, of, says } = await examined()
    assert.strictEqual(code, 1)
    assert.match(says("git"), /ok: \S+ \(shop\/right\) answers: main is at [0-9a-f]{8}/u)
    assert.match(says("git"), /failed: \S+ \(shop\/wrong\): .*(refused|credentials|401)/u)
    assert.match(says("git"), /failed: \S+ \(shop\/open\): .*(ECONNREFUSED|refused)/u)
    assert.include(of("git", "failed").map(({ remedy }) => remedy).join("\n"), "Secret \"wrong\"")
  })

  it("looks at webhooks: their Secrets, and whether the agent answers", async () => {
    await put("secrets", "shop", "empty", { stringData: { other: "x" } })
    await deliver("right", `{git: {url: "${git.url}/shop.git", branch: main}, webhook: {secretRef: {name: hook}}}`)
    await deliver("wrong", `{git: {url: "${git.url}/shop.git", branch: main}, webhook: {secretRef: {name: empty}}}`)
    const { of, says } = await examined("--hooks-url", `http://127.0.0.1:${await closedPort()}`)
    assert.include(says("webhooks"), "failed: shop/right: there is no Secret shop/hook")
    assert.include(says("webhooks"), "failed: shop/wrong: Secret shop/empty has neither signingToken nor token")
    assert.match(says("webhooks"), /failed: http:\/\/127\.0\.0\.1:\d+ cannot be reached/u)
    // The pods of this cluster are nobody's.
    assert.isTrue(of("webhooks").some(({ message, status }) => status !== "ok" && /Service|took longer/u.test(message)))
  })

  it("misses no Service where the agent runs outside of the cluster", async () => {
    await deliver("right", `{git: {url: "${git.url}/shop.git", branch: main}, webhook: {secretRef: {name: hook}}}`)
    const named = "{name: sluice-laptop, namespace: outside, labels: {app.kubernetes.io/name: sluice}}"
    const renewTime = new Date().toISOString().replace("Z", "000Z")
    await applyYaml(
      plane,
      "apiVersion: v1\nkind: Namespace\nmetadata: {name: outside}\n---\n" +
        `apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: ${named}\n` +
        `spec: {holderIdentity: laptop, leaseDurationSeconds: 15, renewTime: "${renewTime}"}\n`
    )
    const { says } = await examined("-n", "outside")
    assert.include(says("installation"), "ok: the agent runs outside of the cluster: laptop")
    assert.include(says("webhooks"), "ok: the agent runs outside of the cluster, without a Service")
    assert.notInclude(says("webhooks"), "no Service")
  })

  it.runIf(outward !== undefined)("knows a real agent by its 401, at its address and behind its Service", async () => {
    const agent = await AgentProcess.start({ kubeconfig: plane.adminKubeconfigFile })
    const url = await agent.address("http")
    // The API server leads to no address of its own machine, so the way goes around.
    const outside = createServer((socket) => {
      const inside = connect(Number(new URL(url).port), "127.0.0.1")
      socket.pipe(inside).pipe(socket)
      for (const one of [socket, inside]) one.on("error", () => {})
    })
    await new Promise<void>((resolve) => outside.listen(0, outward, resolve))
    try {
      await applyYaml(
        plane,
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: hooks}\n---\n" +
          "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: agent, namespace: hooks}\n"
      )
      await put("services", "hooks", "sluice", {
        spec: { ports: [{ name: "http", port: 80 }] }
      })
      // Nor to an address that is no pod's.
      const pods = "/api/v1/namespaces/hooks/pods"
      await put("pods", "hooks", "agent", {
        spec: { nodeName: "elsewhere", serviceAccountName: "agent", containers: [{ name: "agent", image: "agent" }] }
      })
      const status = { podIP: outward, podIPs: [{ ip: outward }] }
      await plane.request("PATCH", `${pods}/agent/status`, { status }, "application/merge-patch+json")
      await put("endpoints", "hooks", "sluice", {
        subsets: [{
          addresses: [{ ip: outward, targetRef: { kind: "Pod", namespace: "hooks", name: "agent" } }],
          ports: [{ name: "http", port: (outside.address() as AddressInfo).port }]
        }]
      })
      const { says } = await examined("-n", "hooks", "--hooks-url", url)
      assert.include(says("webhooks"), `ok: ${url} leads to the agent: an unsigned hook is refused with 401`)
      assert.include(says("webhooks"), "ok: the agent answers at its Service: an unsigned hook is refused with 401")
    } finally {
      outside.close()
      await agent.remove()
    }
  })

  it("counts what is not ready by its reason, and says where to read on", async () => {
    const status = (type: string, state: string, reason: string) => ({
      status: {
        conditions: [{ type, status: state, reason, message: "no", lastTransitionTime: "2026-11-28T00:00:00Z" }]
      }
    })
    const patch = (name: string, body: unknown) =>
      plane.request(
        "PATCH",
        `/apis/sluice.dev/v1alpha1/namespaces/shop/deliveries/${name}/status`,
        body,
        "application/merge-patch+json"
      )
    await patch("open", status("Ready", "False", "PolicyDenied"))
    await patch("right", status("Ready", "True", "Succeeded"))
    await patch("wrong", status("Ready", "False", "PolicyDenied"))
    const { of } = await examined()
    const [denied] = of("deliveries", "warning")
    assert.include(denied?.message, "2 not ready: PolicyDenied: shop/open, shop/wrong")
    assert.include(denied?.remedy, "sluice explain shop/open")
  })

  it("says by how much a clock is wrong", async () => {
    const proxy = await startApiProxy(plane)
    try {
      const config = parse(plane.adminKubeconfig)
      config.clusters[0].cluster.server = proxy.url
      const kubeconfig = file("proxy.kubeconfig", stringify(config))
      proxy.skew = 20_000
      const some = await run(["doctor", "--pre", "--kubeconfig", kubeconfig])
      assert.strictEqual(some.code, 0, some.text)
      assert.match(some.stdout, /warning +clock +this machine is (1[89]|2[01]) s behind the API server/u)
      proxy.skew = -600_000
      const much = await run(["doctor", "--pre", "--kubeconfig", kubeconfig])
      assert.strictEqual(much.code, 1, much.text)
      assert.match(much.stdout, /failed +clock +this machine is (59[6-9]|60[01]) s ahead of the API server/u)
    } finally {
      await proxy.stop()
    }
  })

  it("says which program is missing, or is another", async () => {
    const folder = join(plane.folder, "bin")
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, "helm"), "#!/bin/sh\necho v3.0.0\n", { mode: 0o755 })
    const environment = { PATH: folder, SLUICE_CACHE: join(plane.folder, "no-cache") }
    const { code, stdout } = await run(["doctor", "--pre", "--kubeconfig", plane.adminKubeconfigFile], { environment })
    assert.strictEqual(code, 0, stdout)
    assert.match(stdout, /warning +programs +kustomize v\S+ is not on this machine \(not there\)/u)
    assert.match(stdout, /warning +programs +helm v\S+ is not on this machine \(\S+helm is v3\.0\.0, not v/u)
  })

  it("cannot answer where the cluster does not", async () => {
    const config = parse(plane.adminKubeconfig)
    config.clusters[0].cluster.server = `https://127.0.0.1:${await closedPort()}`
    const kubeconfig = file("nowhere.kubeconfig", stringify(config))
    const { code, stdout } = await run(["doctor", "-o", "json", "--kubeconfig", kubeconfig])
    assert.strictEqual(code, 2)
    const { findings, verdict } = JSON.parse(stdout) as Report
    assert.strictEqual(verdict, "failed")
    assert.match(findings[0]?.message ?? "", /no answer from https:\/\/127\.0\.0\.1/u)
  })
})
