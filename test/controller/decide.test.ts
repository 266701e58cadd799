import { assert, describe, it } from "@effect/vitest"
import { selects } from "../../src/api/v1alpha1/selector.ts"
import { decide, type Decided } from "../../src/controller/decide.ts"
import type { Registry } from "../../src/controller/Registry.ts"
import { Identity } from "../../src/kube/Identity.ts"
import { guardrail, live, registry } from "./live.ts"

const rules = { agentNamespace: "sluice-system", allowCrossNamespace: false }
const now = Date.parse("2026-11-25T12:00:00Z")
const asked = (known: Registry, id: string, more: Partial<typeof rules> = {}): Decided =>
  decide(known, { ...rules, ...more }, id, now)!

const refusal = (decided: Decided): string =>
  decided._tag === "Refused" ? `${decided.error._tag}: ${decided.error.message}` : decided._tag

describe("what is to be done about a Delivery", () => {
  it("runs as the account sluice of its namespace", () => {
    const decided = asked(registry(live("shop/web")), "shop/web")
    assert.strictEqual(decided._tag, "Runs")
    assert.deepStrictEqual(
      decided._tag === "Runs" ? decided.identity : undefined,
      Identity.ServiceAccount({ namespace: "shop", name: "sluice" })
    )
  })

  it("is refused where that account does not exist, and goes on when it is there", () => {
    const known = registry(live("shop/web"))
    known.accounts.clear()
    const refused = asked(known, "shop/web")
    assert.match(refusal(refused), /^AccessDenied: .*ServiceAccount sluice of namespace shop/u)
    const account = Identity.ServiceAccount({ namespace: "shop", name: "sluice" })
    assert.deepStrictEqual(refused._tag === "Refused" ? refused.identity : undefined, account)
    known.accounts.add("shop/sluice")
    assert.strictEqual(asked(known, "shop/web")._tag, "Runs")
  })

  it("never takes the account of another namespace", () => {
    const known = registry(live("shop/web", { spec: { apply: { serviceAccountName: "admin" } } }))
    known.accounts.add("sluice-system/admin")
    assert.match(refusal(asked(known, "shop/web")), /there is no ServiceAccount admin in namespace shop/u)
  })

  it("acts as the agent itself only in the agent's own namespace, and only where no account is named", () => {
    const known = registry(live("sluice-system/platform"))
    known.accounts.clear()
    const decided = asked(known, "sluice-system/platform")
    assert.deepStrictEqual(decided._tag === "Runs" ? decided.identity : undefined, Identity.Self())
  })

  it("stalls what cannot be read, and says why", () => {
    const known = registry()
    const { resource: _, ...rest } = live("shop/broken")
    known.set({ ...rest, problems: ["spec.source.interval: expected a duration such as 30s or 1h30m"] })
    const refused = asked(known, "shop/broken")
    assert.match(refusal(refused), /^InvalidSpec: spec\.source\.interval/u)
    assert.isTrue(refused._tag === "Refused" && refused.identity === undefined)
  })

  it("is suspended, until the suspension is over", () => {
    const suspended = (until: string) =>
      asked(registry(live("shop/web", { spec: { suspend: true, suspension: { until } } })), "shop/web")._tag
    assert.strictEqual(suspended("2026-11-25T13:00:00Z"), "Suspended")
    assert.strictEqual(suspended("2026-11-25T11:00:00Z"), "Runs")
    const forEver = registry(live("shop/web", { spec: { suspend: true } }))
    assert.strictEqual(asked(forEver, "shop/web")._tag, "Suspended")
  })

  it("does not run while a PolicyBundle that selects it cannot judge", () => {
    const known = registry(live("shop/web"), live("free/web"))
    known.namespaces.set("shop", { labels: { tenant: "true" }, terminating: false })
    const tenants = { namespaceSelector: { matchLabels: { tenant: "true" } } }
    known.bundles.set("baseline", guardrail("baseline", { match: tenants, error: "there is no such branch" }))
    const refused = refusal(asked(known, "shop/web"))
    assert.match(
      refused,
      /^PolicyUnavailable: PolicyBundle baseline selects this Delivery and cannot judge: there is no/u
    )
    assert.strictEqual(asked(known, "free/web")._tag, "Runs")
    known.bundles.set("baseline", guardrail("baseline", { match: tenants, digest: "sha256:1" }))
    assert.strictEqual(asked(known, "shop/web")._tag, "Runs")
    known.bundles.set("broken", guardrail("broken", { problems: ["spec.source: names no git or library"] }))
    assert.match(refusal(asked(known, "free/web")), /PolicyBundle broken .*: spec\.source: names no git or library/u)
  })

  it("goes on by what judged until now where the newest of a bundle cannot be had", () => {
    const known = registry(live("shop/web"))
    known.bundles.set("baseline", guardrail("baseline", { digest: "sha256:1", error: "the host does not answer" }))
    assert.strictEqual(asked(known, "shop/web")._tag, "Runs")
  })

  it("waits for a bundle that was never looked at, and for a namespace that was never seen", () => {
    const known = registry(live("shop/web"))
    known.bundles.set("baseline", guardrail("baseline", {}))
    assert.strictEqual(asked(known, "shop/web")._tag, "Awaits")
    known.bundles.set("baseline", guardrail("baseline", { digest: "sha256:1" }))
    assert.strictEqual(asked(known, "shop/web")._tag, "Runs")
    known.namespaces.delete("shop")
    assert.strictEqual(asked(known, "shop/web")._tag, "Awaits")
  })

  it("names a circle of dependencies", () => {
    const known = registry(
      live("shop/a", { spec: { dependsOn: [{ name: "b" }] } }),
      live("shop/b", { spec: { dependsOn: [{ name: "c" }] } }),
      live("shop/c", { spec: { dependsOn: [{ name: "a" }] } }),
      live("shop/d", { spec: { dependsOn: [{ name: "a" }] } })
    )
    assert.match(refusal(asked(known, "shop/a")), /shop\/a -> shop\/b -> shop\/c -> shop\/a/u)
    // Not part of the circle: it waits for what does not become ready.
    assert.strictEqual(asked(known, "shop/d")._tag, "Runs")
  })

  it("depends on another namespace only where the agent allows it", () => {
    const known = registry(live("shop/web", { spec: { dependsOn: [{ name: "db", namespace: "data" }] } }))
    assert.match(refusal(asked(known, "shop/web")), /another namespace/u)
    assert.strictEqual(asked(known, "shop/web", { allowCrossNamespace: true })._tag, "Runs")
  })

  it("leaves when it is deleted, also with an account that is gone", () => {
    const known = registry(live("shop/web", { deleting: true }))
    known.accounts.clear()
    const decided = asked(known, "shop/web")
    assert.isTrue(decided._tag === "Leaves" && decided.identity === undefined)
  })
})

describe("an inherited source", () => {
  const label = { "sluice.dev/delivery": "platform.apps" }
  const child = live("shop/web", { spec: { source: undefined }, labels: label, uid: "u1" })

  it("is the one of the Delivery whose inventory lists this one", () => {
    const known = registry(live("platform/apps"), child)
    known.children.set("platform/apps", new Map([["shop/web", "u1"]]))
    const decided = asked(known, "shop/web")
    assert.strictEqual(decided._tag, "Runs")
    if (decided._tag !== "Runs") return
    assert.strictEqual(decided.delivery.spec.source.git.url, "https://git.example.com/shop.git")
    assert.strictEqual(decided.source.namespace, "platform")
    assert.deepStrictEqual(decided.source.identity, Identity.ServiceAccount({ namespace: "platform", name: "sluice" }))
    assert.deepStrictEqual(decided.identity, Identity.ServiceAccount({ namespace: "shop", name: "sluice" }))
  })

  it("is waited for until it is known what the other applied", () => {
    const known = registry(live("platform/apps"), child)
    assert.strictEqual(asked(known, "shop/web")._tag, "Awaits")
    known.adopt("platform/apps", [])
    known.running("platform/apps", true)
    assert.strictEqual(asked(known, "shop/web")._tag, "Awaits")
    known.running("platform/apps", false)
    assert.strictEqual(asked(known, "shop/web")._tag, "Refused")
  })

  it("is not had by a forged label", () => {
    const known = registry(live("platform/apps"), child)
    known.adopt("platform/apps", [])
    assert.match(refusal(asked(known, "shop/web")), /^InvalidSpec: .*did not apply this Delivery/u)
  })

  it("is not had by a name that was applied before and made anew by somebody", () => {
    const known = registry(live("platform/apps"), child)
    known.children.set("platform/apps", new Map([["shop/web", "another uid"]]))
    assert.match(refusal(asked(known, "shop/web")), /^InvalidSpec/u)
  })

  it("ends where Deliveries claim each other", () => {
    const one = live("shop/a", { spec: { source: undefined }, labels: { "sluice.dev/delivery": "shop.b" } })
    const two = live("shop/b", { spec: { source: undefined }, labels: { "sluice.dev/delivery": "shop.a" } })
    const known = registry(one, two)
    known.children.set("shop/a", new Map([["shop/b", two.uid]]))
    known.children.set("shop/b", new Map([["shop/a", one.uid]]))
    assert.match(refusal(asked(known, "shop/a")), /^InvalidSpec/u)
  })
})

describe("a label selector", () => {
  it("selects as Kubernetes does", () => {
    const labels = { tenant: "true", tier: "web" }
    assert.isTrue(selects(undefined, {}))
    assert.isTrue(selects({}, labels))
    assert.isTrue(selects({ matchLabels: { tenant: "true" } }, labels))
    assert.isFalse(selects({ matchLabels: { tenant: "true", other: "x" } }, labels))
    assert.isTrue(selects({ matchExpressions: [{ key: "tier", operator: "In", values: ["web", "db"] }] }, labels))
    assert.isTrue(selects({ matchExpressions: [{ key: "none", operator: "NotIn", values: ["web"] }] }, labels))
    assert.isFalse(selects({ matchExpressions: [{ key: "tier", operator: "DoesNotExist" }] }, labels))
    assert.isFalse(selects({ matchLabels: { constructor: "x" } }, labels))
  })
})
