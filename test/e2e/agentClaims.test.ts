import { afterAll, assert, beforeAll, beforeEach, describe, it } from "@effect/vitest"
import {
  AgentProcess,
  applyYaml,
  condition,
  Deliveries,
  installCrds,
  type LiveDelivery
} from "../support/AgentGround.ts"
import { type ControlPlane, startControlPlane } from "../support/ControlPlane.ts"
import { type GitServer, startGitServer } from "../support/GitServer.ts"
import { leastRights, tenant } from "../support/Tenants.ts"

let plane: ControlPlane
let git: GitServer
let agent: AgentProcess
let deliveries: Deliveries

beforeAll(async () => {
  ;[plane, git] = await Promise.all([startControlPlane(), startGitServer()])
  await installCrds(plane)
  const kubeconfig = await leastRights(plane)
  await tenant(plane, "shop")
  deliveries = new Deliveries(plane)
  agent = await AgentProcess.start({ kubeconfig })
}, 110_000)

afterAll(async () => {
  deliveries?.stop()
  await agent?.remove()
  await Promise.all([plane?.stop(), git?.stop()])
})

const admission = "/apis/admissionregistration.k8s.io/v1/validatingadmission"

// Each test, and each try of one, finds nothing of those before.
beforeEach(async () => {
  for (const kind of ["policybindings", "policies"]) {
    await plane.request("DELETE", `${admission}${kind}/refusing`).catch(() => undefined)
  }
  await plane.request("DELETE", "/apis/sluice.dev/v1alpha1/namespaces/shop/deliveries")
  await deliveries.until("none is left", (known) => known.size === 0)
  // The admission policy goes a moment after it was deleted.
  const cleared = () => plane.request("DELETE", "/api/v1/namespaces/shop/configmaps").then(() => true, () => false)
  while (!await cleared()) await new Promise((resolve) => setTimeout(resolve, 50))
})

const configMap = (name: string, says: string, annotations = "{}") =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: shop, annotations: ${annotations}}\n` +
  `data: {says: "${says}"}\n`

const deliver = (name: string, url: string, more = "") =>
  applyYaml(
    plane,
    `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: ${name}, namespace: shop}
spec:
  source: {git: {url: "${url}", branch: main}, interval: 1s}
  apply: {deletionLimit: 100%}
  ${more}
`
  )
const remove = (name: string) => plane.request("DELETE", `/apis/sluice.dev/v1alpha1/namespaces/shop/deliveries/${name}`)

interface Live {
  readonly metadata: {
    readonly uid: string
    readonly resourceVersion: string
    readonly labels: Readonly<Record<string, string>>
    readonly annotations: Readonly<Record<string, string>>
  }
  readonly data: { readonly says: string }
}
const live = (name: string) => plane.request("GET", `/api/v1/namespaces/shop/configmaps/${name}`) as Promise<Live>

/** Waits until one of two Deliveries has an object, and the other says so and does not have it in its inventory. */
const shared = async (object: string, one: string, other: string, commit = "") => {
  const ofReady = (name: string) => {
    const delivery = deliveries.get(`shop/${name}`)
    return delivery && condition(delivery, "Ready")
  }
  const isOn = (name: string) => {
    const { metadata, status } = deliveries.get(`shop/${name}`) ?? {}
    return ofReady(name)?.status === "True" && status?.observedGeneration === metadata?.generation &&
      status?.lastAppliedRevision?.endsWith(commit) === true
  }
  const isRefused = (name: string) => ofReady(name)?.reason === "ApplyConflict"
  const isShared = (winner: string, loser: string) => isOn(winner) && isRefused(loser)
  await deliveries.until(`one of ${one} and ${other} has ${object}`, () => isShared(one, other) || isShared(other, one))
  const [winner, loser] = isShared(one, other) ? [one, other] : [other, one]
  assert.include(ofReady(loser)!.message, `belongs to delivery shop/${winner}; delivery shop/${loser} wants it too`)
  const has = (name: string) =>
    deliveries.get(`shop/${name}`)!.status?.inventory?.entries.some(({ id }) => id === `shop_${object}__ConfigMap`)
  assert.isTrue(has(winner))
  assert.isNotTrue(has(loser))
  assert.strictEqual((await live(object)).metadata.labels["sluice.dev/delivery"], `shop.${winner}`)
  return { winner, loser }
}

describe("two Deliveries that claim one object", () => {
  it("names both, leaves the object alone, and goes on when the first one is deleted", async () => {
    const [one, two] = [await git.repository("one"), await git.repository("two")]
    await one.commit({ "a.yaml": configMap("both", "one") }, "One")
    await two.commit({ "a.yaml": configMap("both", "two"), "b.yaml": configMap("mine", "two") }, "Two")
    await deliver("one", one.url)
    await deliveries.ready("shop/one")
    const before = await live("both")
    await deliver("two", two.url)
    const refused = await deliveries.reason("shop/two", "ApplyConflict")
    const { message } = condition(refused, "Ready")!
    assert.include(message, "belongs to delivery shop/one; delivery shop/two wants it too")
    assert.include(message, "sluice.dev/adopt: shop/one")
    assert.strictEqual((await live("both")).metadata.resourceVersion, before.metadata.resourceVersion)
    await remove("one")
    await deliveries.ready("shop/two", "", 40_000)
    const after = await live("both")
    assert.strictEqual(after.data.says, "two")
    assert.strictEqual(after.metadata.labels["sluice.dev/delivery"], "shop.two")
    await remove("two")
    await deliveries.until("two is gone", (known) => !known.has("shop/two"))
  })

  it("lets one of two have what both want in the same moment, and the other once that one is gone", async () => {
    const pairs = ["a", "b", "c", "d", "e", "f", "g", "h"]
    const names = pairs.flatMap((pair) => [`${pair}-left`, `${pair}-right`])
    const urls = await Promise.all(names.map(async (name) => {
      const repository = await git.repository(name)
      await repository.commit({ "a.yaml": configMap(`both-${name[0]}`, name) }, "Both")
      return repository.url
    }))
    await Promise.all(names.map((name, index) => deliver(name, urls[index]!)))
    const had = await Promise.all(pairs.map((pair) => shared(`both-${pair}`, `${pair}-left`, `${pair}-right`)))
    for (const { loser, winner } of had) {
      await remove(winner)
      await deliveries.ready(`shop/${loser}`, "", 40_000)
      assert.strictEqual((await live(`both-${loser[0]}`)).data.says, loser)
    }
  })

  it("lets one of two have what one commit gives to both", async () => {
    const repository = await git.repository("monorepo")
    const files = (name: string, says: string) => ({
      [`left/${name}.yaml`]: configMap(name, says),
      [`right/${name}.yaml`]: configMap(name, says)
    })
    await repository.commit({ "left/l.yaml": configMap("l", "l"), "right/r.yaml": configMap("r", "r") }, "Apart")
    for (const name of ["left", "right"]) await deliver(name, repository.url, `path: ${name}`)
    await Promise.all(["left", "right"].map((name) => deliveries.ready(`shop/${name}`)))
    for (const round of ["one", "two", "three"]) {
      const commit = await repository.commit(files(`new-${round}`, round), "New to both")
      await shared(`new-${round}`, "left", "right", commit)
      const apart = { [`left/new-${round}.yaml`]: null, [`right/new-${round}.yaml`]: null }
      const last = await repository.commit(apart, "Neither")
      await Promise.all(["left", "right"].map((name) => deliveries.ready(`shop/${name}`, last, 40_000)))
    }
  })

  it("tells who has lost an object to another that nobody handed over, and heals a label that somebody copied", async () => {
    const lost = "/api/v1/namespaces/shop/configmaps/lost"
    const [one, two] = [await git.repository("ten"), await git.repository("eleven")]
    await one.commit({ "a.yaml": configMap("lost", "ten") }, "Ten")
    await two.commit({ "b.yaml": configMap("elsewhere", "eleven") }, "Eleven")
    await deliver("ten", one.url)
    await deliver("eleven", two.url)
    await Promise.all(["ten", "eleven"].map((name) => deliveries.ready(`shop/${name}`)))
    const relabelled = async (label: string) => {
      const { data, metadata: { annotations } } = await live("lost")
      const metadata = { name: "lost", namespace: "shop", annotations, labels: { "sluice.dev/delivery": label } }
      const object = { apiVersion: "v1", kind: "ConfigMap", metadata, data }
      await plane.request("PATCH", `${lost}?fieldManager=sluice&force=true`, object, "application/apply-patch+yaml")
    }
    const healed = async () => {
      while ((await live("lost")).metadata.labels["sluice.dev/delivery"] !== "shop.ten") {
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
    const copied = { metadata: { labels: { "sluice.dev/delivery": "shop.eleven" } } }
    await plane.request("PATCH", `${lost}?fieldManager=kubectl-label`, copied, "application/merge-patch+json")
    await healed()
    await relabelled("shop.nobody")
    await healed()
    await relabelled("shop.eleven")
    const { message } = condition(await deliveries.reason("shop/ten", "ApplyConflict"), "Ready")!
    assert.include(message, "belongs to delivery shop/eleven; delivery shop/ten wants it too")
    assert.strictEqual((await live("lost")).metadata.labels["sluice.dev/delivery"], "shop.eleven")
  })

  it("goes on when a commit of the first one lets the object go", async () => {
    const [one, two] = [await git.repository("three"), await git.repository("four")]
    await one.commit({ "a.yaml": configMap("let-go", "three"), "b.yaml": configMap("kept", "three") }, "Three")
    await two.commit({ "a.yaml": configMap("let-go", "four") }, "Four")
    await deliver("three", one.url)
    await deliveries.ready("shop/three")
    await deliver("four", two.url)
    await deliveries.reason("shop/four", "ApplyConflict")
    await one.commit({ "a.yaml": null }, "Let it go")
    await deliveries.ready("shop/four", "", 40_000)
    assert.strictEqual((await live("let-go")).data.says, "four")
    assert.strictEqual((await live("kept")).data.says, "three")
  })

  it("adopts what a Delivery left behind that is gone", async () => {
    const [one, two] = [await git.repository("five"), await git.repository("six")]
    await one.commit({ "a.yaml": configMap("orphan", "five") }, "Five")
    await two.commit({ "a.yaml": configMap("orphan", "six") }, "Six")
    await deliver("five", one.url, "deletion: orphan")
    await deliveries.ready("shop/five")
    const { metadata: { uid } } = await live("orphan")
    await deliver("six", two.url)
    await deliveries.reason("shop/six", "ApplyConflict")
    await remove("five")
    await deliveries.ready("shop/six", "", 40_000)
    const after = await live("orphan")
    assert.deepStrictEqual([after.metadata.uid, after.data.says], [uid, "six"])
  })

  it("hands an object over by sluice.dev/adopt, and the one that had it does not fight but says so", async () => {
    const [one, two] = [await git.repository("seven"), await git.repository("eight")]
    await one.commit({ "a.yaml": configMap("handed", "seven"), "b.yaml": configMap("stays", "seven") }, "Seven")
    await deliver("seven", one.url)
    await deliveries.ready("shop/seven")
    const { metadata: { uid } } = await live("handed")
    await two.commit({ "a.yaml": configMap("handed", "eight", "{sluice.dev/adopt: shop/seven}") }, "Eight")
    await deliver("eight", two.url)
    await deliveries.ready("shop/eight", "", 40_000)
    const loser = await deliveries.reason("shop/seven", "ApplyConflict", 40_000)
    assert.include(condition(loser, "Ready")!.message, "belongs to delivery shop/eight")
    const after = await live("handed")
    assert.deepStrictEqual([after.metadata.uid, after.data.says], [uid, "eight"])
    assert.strictEqual(after.metadata.labels["sluice.dev/delivery"], "shop.eight")
    // It lets go of it: the object is not pruned, and nobody had to be restarted.
    const commit = await one.commit({ "a.yaml": null }, "It is theirs")
    const released = await deliveries.ready("shop/seven", commit, 40_000)
    assert.deepStrictEqual(released.status!.inventory!.entries.map(({ id }) => id), ["shop_stays__ConfigMap"])
    assert.strictEqual((await live("handed")).metadata.resourceVersion, after.metadata.resourceVersion)
    const eight = deliveries.get("shop/eight")!
    assert.strictEqual(condition(eight, "Ready")?.status, "True")
    assert.strictEqual(eight.status?.drift?.count ?? 0, 0)
  })

  it("deletes nothing for an entry that was written ahead and never applied", async () => {
    // What is proven is refused when it is written: the entry is all that there is of it.
    await plane.request("POST", `${admission}policies`, {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingAdmissionPolicy",
      metadata: { name: "refusing" },
      spec: {
        matchConstraints: {
          resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["*"], resources: ["configmaps"] }]
        },
        validations: [{
          expression: "request.dryRun || !(request.name == 'probe' || request.name == 'refused' && " +
            "request.userInfo.username == 'system:serviceaccount:shop:sluice')",
          message: "not today"
        }]
      }
    })
    await plane.request("POST", `${admission}policybindings`, {
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingAdmissionPolicyBinding",
      metadata: { name: "refusing" },
      spec: { policyName: "refusing", validationActions: ["Deny"] }
    })
    for (let version = 0;; version++) {
      const isRefused = await applyYaml(plane, configMap("probe", `${version}`)).then(() => false, () => true)
      if (isRefused) break
    }
    const nine = await git.repository("nine")
    await nine.commit({ "a.yaml": configMap("owned", "nine"), "b.yaml": configMap("refused", "nine") }, "Nine")
    await deliver("nine", nine.url)
    const isRefused = ({ status }: LiveDelivery) =>
      status?.conditions?.some(({ message }) => message.includes("not today")) === true
    await deliveries.delivery("shop/nine", "was refused", isRefused, 40_000)
    // Somebody else makes it, with a copied label.
    const theirs = configMap("refused", "theirs").replace("annotations: {}", "labels: {sluice.dev/delivery: shop.nine}")
    await applyYaml(plane, theirs)
    const before = await live("refused")
    await remove("nine")
    await deliveries.until("nine is gone", (known) => !known.has("shop/nine"), 40_000)
    assert.strictEqual((await live("refused")).metadata.uid, before.metadata.uid)
    await live("owned").then(
      () => assert.fail("what was applied stays"),
      ({ message }) => assert.include(message, "404")
    )
  })
})
