import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { condition } from "../support/AgentGround.ts"
import { AgentScene, configMap } from "../support/AgentScene.ts"
import { anew } from "../support/anew.ts"
import type { AuditEvent } from "../support/controlplane/audit.ts"
import type { Repository } from "../support/git/Repository.ts"

let scene: AgentScene

beforeAll(async () => {
  scene = await AgentScene.start()
}, 90_000)

afterAll(async () => {
  assert.notInclude(scene.agent.output, "a mistake in Sluice")
  await scene.stop()
})

const policy = (limit: number) =>
  `# METADATA
# title: Values are short
# custom:
#   id: short-values
package short
deny contains {"msg": "too long"} if count(input.data.value) > ${limit}
`

describe("the Deliveries of one repository", () => {
  const names = Array.from({ length: 20 }, (_, index) => `app-${String(index).padStart(2, "0")}`)
  const ids = names.map((name) => `mono/${name}`)
  let repository: Repository

  const all = (commit: string) =>
    scene.deliveries.until(
      `all are ready on ${commit}`,
      (known) =>
        ids.every((id) => {
          const delivery = known.get(id)
          return delivery?.status?.lastAppliedRevision?.endsWith(commit) === true &&
            condition(delivery, "Ready")?.status === "True"
        }),
      45_000
    )
  const of = (events: ReadonlyArray<AuditEvent>, isStatus: boolean) =>
    events.filter(({ objectRef }) =>
      objectRef?.namespace === "mono" && (objectRef.resource === "deliveries") === isStatus &&
      objectRef.resource !== "events"
    )

  it("come up", async () => {
    await scene.tenant("mono")
    repository = await scene.git.repository("mono")
    const commit = await repository.commit(
      Object.fromEntries([
        ["policies/short.rego", policy(100)],
        ...names.map((name) => [`apps/${name}/a.yaml`, configMap(name, "1")] as const)
      ]),
      "Twenty"
    )
    await Promise.all(names.map((name) => scene.deliver(`mono/${name}`, repository.url, `path: apps/${name}`)))
    await all(commit)
  })

  it("advance by one status write where a commit does not touch them", async () => {
    const since = new Date().toISOString()
    const commit = await repository.commit({ "apps/app-07/a.yaml": configMap("app-07", anew("value")) }, "Touch one")
    const pushed = performance.now()
    await all(commit)
    console.log(`twenty are on the new revision ${Math.round(performance.now() - pushed)} ms after the push`)
    const requests = await scene.requests(since)
    const others = of(requests, false).filter(({ requestURI }) => !requestURI.includes("app-07"))
    assert.deepStrictEqual(others.map(({ requestURI, verb }) => `${verb} ${requestURI}`), [])
    for (const name of names.filter((name) => name !== "app-07")) {
      const writes = of(requests, true).filter(({ objectRef }) => objectRef?.name === name)
      assert.deepStrictEqual(writes.map(({ objectRef, verb }) => `${verb} ${objectRef?.subresource}`), ["patch status"])
    }
    const { status } = scene.deliveries.get("mono/app-03")!
    assert.strictEqual(status?.source?.subject, "Touch one")
    const touched = scene.deliveries.get("mono/app-07")!.status!.history![0]!
    assert.strictEqual(touched.outcome, "Applied")
    assert.strictEqual(touched.subject, "Touch one")
  })

  it("are judged anew, all of them, when the policies change", async () => {
    const commit = await repository.commit({ "policies/short.rego": policy(50) }, "Stricter")
    await all(commit)
    const strict = await repository.commit({
      "policies/short.rego": policy(0),
      "policies/README.md": "nothing passes"
    }, "Too strict")
    await scene.deliveries.until(
      "all are denied",
      (known) => ids.every((id) => condition(known.get(id)!, "Ready")?.reason === "PolicyDenied"),
      30_000
    )
    const { status } = scene.deliveries.get("mono/app-11")!
    assert.isTrue(status?.lastAttemptedRevision?.endsWith(strict))
    assert.isTrue(status?.lastAppliedRevision?.endsWith(commit))
    await all(await repository.commit({ "policies/short.rego": policy(100) }, "As before"))
  })
})

describe("dependsOn", () => {
  let repository: Repository
  /** Another namespace at another try. */
  let chain = ""

  const firstWrite = async (name: string, since: string) => {
    const found = (await scene.requests(since)).find(({ objectRef, requestURI, verb }) =>
      verb === "patch" && objectRef?.namespace === chain && objectRef.resource === "configmaps" &&
      objectRef.name === name && !requestURI.includes("dryRun")
    )
    return Date.parse(found?.requestReceivedTimestamp ?? "")
  }
  /** When the cluster was told that it is ready. */
  const readyAt = async (name: string, since: string) => {
    const writes = (await scene.requests(since)).filter(({ objectRef }) =>
      objectRef?.namespace === chain && objectRef.resource === "deliveries" && objectRef.subresource === "status" &&
      objectRef.name === name
    )
    return writes.map(({ requestReceivedTimestamp }) => Date.parse(requestReceivedTimestamp))
  }
  const inOrder = async (since: string) => {
    for (const [before, after] of [["a", "b"], ["b", "c"]] as const) {
      const wrote = await firstWrite(after, since)
      const told = (await readyAt(before, since)).filter((time) => time <= wrote)
      assert.isAbove(told.length, 0, `${after} was written before ${before} was ready`)
      const took = wrote - told.at(-1)!
      console.log(`${after} is written ${took} ms after ${before} is ready`)
      assert.isBelow(took, 4_000)
    }
  }

  it("brings a chain up in order, without a fixed wait", async () => {
    chain = anew("chain")
    await scene.tenant(chain)
    repository = await scene.git.repository(chain)
    const commit = await repository.commit(
      Object.fromEntries(["a", "b", "c", "d", "p", "q", "r"].map((name) => [`${name}/one.yaml`, configMap(name, "1")])),
      "A chain"
    )
    const since = new Date().toISOString()
    await scene.deliver(`${chain}/c`, repository.url, "path: c, dependsOn: [{name: b}]")
    await scene.deliver(`${chain}/b`, repository.url, "path: b, dependsOn: [{name: a}]")
    const waiting = await scene.deliveries.reason(`${chain}/b`, "DependencyNotReady")
    assert.match(condition(waiting, "Ready")!.message, /waits for chain-\d+\/a, which does not exist/u)
    assert.strictEqual(condition(waiting, "Reconciling")?.status, "True")
    await scene.deliveries.reason(`${chain}/c`, "DependencyNotReady")
    await scene.deliver(`${chain}/a`, repository.url, "path: a")
    for (const name of ["a", "b", "c"]) await scene.ready(`${chain}/${name}`, commit)
    await inOrder(since)
  })

  it("waits for the dependency's new revision when a commit changes both", async () => {
    const since = new Date().toISOString()
    const value = anew("value")
    const commit = await repository.commit(
      Object.fromEntries(["a", "b", "c"].map((name) => [`${name}/one.yaml`, configMap(name, value)])),
      "All three"
    )
    for (const name of ["a", "b", "c"]) await scene.ready(`${chain}/${name}`, commit)
    await inOrder(since)
    // What it depends on is refused: nothing that needs it is written.
    const before = scene.deliveries.get(`${chain}/c`)!.status!.lastAppliedRevision
    await repository.commit({
      "a/one.yaml": "kind: ConfigMap\n",
      "c/one.yaml": configMap("c", anew("value"))
    }, "Break the first")
    await scene.deliveries.reason(`${chain}/c`, "DependencyNotReady")
    assert.strictEqual(scene.deliveries.get(`${chain}/c`)!.status!.lastAppliedRevision, before)
    const mended = await repository.commit({ "a/one.yaml": configMap("a", anew("value")) }, "Mend the first")
    for (const name of ["a", "b", "c"]) await scene.ready(`${chain}/${name}`, mended)
  })

  it("names a cycle, stalls its members alone, and starts them when it is broken", async () => {
    await scene.deliver(`${chain}/p`, repository.url, "path: p, dependsOn: [{name: q}]")
    await scene.deliver(`${chain}/q`, repository.url, "path: q, dependsOn: [{name: r}]")
    await scene.deliver(`${chain}/r`, repository.url, "path: r, dependsOn: [{name: p}]")
    for (const name of ["p", "q", "r"]) {
      const stalled = await scene.deliveries.reason(`${chain}/${name}`, "InvalidSpec")
      assert.match(condition(stalled, "Ready")!.message, /goes round in a circle: .*chain-\d+\/p -> chain-\d+\/q/u)
      assert.strictEqual(condition(stalled, "Stalled")?.status, "True")
    }
    await scene.deliver(`${chain}/aside`, repository.url, "path: d, dependsOn: [{name: p}]")
    await scene.deliveries.reason(`${chain}/aside`, "DependencyNotReady")
    await scene.ready(`${chain}/a`)
    await scene.patch(`${chain}/r`, { spec: { dependsOn: [] } })
    for (const name of ["r", "q", "p", "aside"]) await scene.ready(`${chain}/${name}`)
  })

  it("does not reach into other namespaces", async () => {
    await scene.deliver(`${chain}/foreign`, repository.url, "path: a, dependsOn: [{name: app-01, namespace: mono}]")
    const refused = await scene.deliveries.reason(`${chain}/foreign`, "InvalidSpec")
    assert.match(condition(refused, "Ready")!.message, /another namespace.*--allow-cross-namespace/u)
  })
})
