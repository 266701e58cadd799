import { assert, describe, it } from "@effect/vitest"
import { plain } from "../../src/cli/color.ts"
import { type Dependency, explanation } from "../../src/cli/Explanation.ts"
import { explanationText } from "../../src/cli/explanationText.ts"
import { labelled, objectStory, originOf, storyText } from "../../src/cli/ObjectStory.ts"
import type { Node } from "../../src/cli/ownedTree.ts"
import { read } from "../../src/cli/ShownDelivery.ts"
import { treeText } from "../../src/cli/treeText.ts"
import type { JsonObject } from "../../src/domain/Json.ts"
import { delivery, deniedStatus, hostile, now, readyStatus, revision } from "./shownDeliveries.ts"

const told = (object: JsonObject, waitsFor: ReadonlyArray<Dependency> = []) =>
  explanationText(explanation(read(object), waitsFor), plain, now)

describe("what is explained of a Delivery", () => {
  it("says what runs, who made it, and that it is well", () => {
    assert.strictEqual(
      told(delivery("checkout", { status: readyStatus })),
      `✔ shop/checkout is ready on main@sha1:9f3c21ab
  runs       main@sha1:9f3c21ab  "Pin the image" by Dana 4m ago
  source     https://git.example.com/acme/shop.git main (environments/prod)
  healthy    yes: All objects are healthy
  policy     12 passed, 0 warned, 0 denied, 0 waived
  drift      2 so far
             Deployment/shop/checkout: spec.replicas by kubectl-edit 10m ago: healed
  last run   Unchanged 3m ago, took 1.2 s: the source was looked at, as it is at every interval
             nothing that this delivery reads has changed since main@sha1:9f3c21ab`
    )
  })

  it("says why it is not: the stage, the rule, the line, the remedy, and what comes next", () => {
    const before: Dependency = { namespace: "shop", name: "db", ready: "False", message: "HealthTimeout", waitsFor: [] }
    const text = told(delivery("checkout", { status: deniedStatus }), [{
      ...before,
      waitsFor: [{ ...before, name: "dns" }]
    }])
    for (
      const part of [
        "✗ shop/checkout is not ready: PolicyDenied\n  stage      policy\n",
        "  next       waits for a new revision, or for a change of its policies\n",
        "  runs       main@sha1:9f3c21ab\n  wants      main@sha1:77aa00bb  \"Take latest\" by Dana 4m ago\n",
        "DENY environments/prod/checkout.yaml:23  Deployment/shop/checkout  image-digest-required  app uses shop:latest\n",
        "remedy: write the image as shop@sha256:…",
        "  waits for  shop/db is not ready: HealthTimeout\n               shop/dns is not ready: HealthTimeout\n"
      ]
    ) assert.include(text, part)
  })

  it("says whom it would tell and cannot", () => {
    const live = read(
      delivery("checkout", { status: readyStatus, spec: { notify: [{ name: "chat" }, { name: "ghost" }] } })
    )
    assert.deepStrictEqual(live.notify, ["chat", "ghost"])
    assert.include(
      explanationText(explanation(live, [], ["ghost"]), plain, now),
      "Notifier ghost is not in namespace shop: nobody is told through it"
    )
  })

  it("says who suspended it, why, and until when", () => {
    const suspension = { by: "dana", reason: "INC-42", until: "2026-11-25T14:00:00Z" }
    const text = told(delivery("checkout", { status: readyStatus, spec: { suspend: true, suspension } }))
    assert.match(text, /^‖ shop\/checkout is suspended\n/u)
    assert.include(text, "suspended  by dana: INC-42; until 2026-11-25T14:00:00Z (in 2h)\n")
    assert.include(text, "sluice resume checkout -n shop")
  })

  it("says what it does not know", () => {
    const text = told(delivery("checkout", {
      status: { ...readyStatus, policy: 7 },
      metadata: { generation: 9, annotations: { "sluice.dev/requestedAt": "2026-11-25T11:59:00Z" } }
    }))
    assert.include(text, "a run was asked for 60s ago and has not ended\n")
    assert.include(text, "the agent has not seen the last change of the Delivery yet\n")
    assert.include(text, "of its status could not be read: policy")
    assert.match(told(delivery("fresh")), /is not known to be ready\n {2}says +no agent has said anything/u)
  })

  it("obeys nothing that the status says", () => {
    const [run] = readyStatus.history as ReadonlyArray<JsonObject>
    const text = told(
      delivery("checkout", {
        spec: { path: hostile, suspend: true, suspension: { by: hostile, reason: hostile, until: hostile } },
        status: {
          ...deniedStatus,
          source: { revision, url: hostile, author: hostile, subject: hostile, time: hostile },
          history: [{ ...run, why: hostile, message: hostile, startedAt: hostile }],
          drift: {
            count: 1,
            polled: [hostile],
            last: { object: hostile, manager: hostile, fields: [hostile], time: hostile, action: "healed" }
          }
        }
      }),
      [{ namespace: hostile, name: hostile, ready: "False", message: hostile, waitsFor: [] }]
    )
    assert.notMatch(text, /[\u001b\u0007\u202e\r]/u)
    assert.notMatch(text, /^READY/mu)
  })
})

describe("what is explained of an object", () => {
  const object: JsonObject = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      namespace: "shop",
      name: "settings",
      labels: { "sluice.dev/delivery": "shop.checkout" },
      annotations: { "sluice.dev/origin": `base/a@b.yaml:3@${revision}` },
      managedFields: [
        { manager: "sluice", operation: "Apply", time: "2026-11-25T11:00:00Z" },
        { manager: "kubectl-edit", operation: "Update", time: "2026-11-25T11:50:00Z" }
      ]
    }
  }
  const owner = read(delivery("checkout", { status: readyStatus }))

  it("says who owns it, where it is written, and who else changed it", () => {
    assert.strictEqual(
      storyText(objectStory(object, owner), owner, plain, now),
      `ConfigMap/shop/settings is owned by shop/checkout
  health     Current: is always ready
  written    base/a@b.yaml:3 at main@sha1:9f3c21ab
  applied    60m ago
  also by    kubectl-edit 10m ago
  delivery   ✔ shop/checkout is ready on main@sha1:9f3c21ab`
    )
  })

  it("knows a copied label, an orphan and a stranger", () => {
    const bare = read(delivery("checkout", { status: { ...readyStatus, inventory: { entries: [] } } }))
    assert.strictEqual(objectStory(object, bare).ownedBy, "unlisted")
    assert.strictEqual(objectStory(object, undefined).ownedBy, "orphan")
    assert.strictEqual(objectStory({ ...object, metadata: { name: "x" } }, undefined).ownedBy, "nobody")
    assert.include(
      storyText(objectStory(object, undefined), undefined, plain, now),
      "shop/checkout, which is not there any more"
    )
    assert.strictEqual(labelled("shop.checkout", [bare, owner])?.name, "checkout")
    assert.isUndefined(originOf("no origin"))
  })
})

it("a tree marks what is not well, and goes down into Deliveries", () => {
  const node = (kind: string, name: string, status: Node["status"], parts: Partial<Node> = {}): Node => ({
    apiVersion: "v1",
    ref: { group: "", kind, namespace: "shop", name },
    status,
    message: "is not there",
    ...parts
  })
  const nodes = [
    node("ConfigMap", "a", "Current"),
    node("Delivery", "child", "InProgress", { owns: [node("Secret", "b", "Unreadable")] })
  ]
  assert.strictEqual(
    treeText(read(delivery("checkout", { status: readyStatus })), nodes, plain, false),
    `Delivery/shop/checkout  Ready  main@sha1:9f3c21ab
├── ConfigMap/shop/a       Current
└── Delivery/shop/child  ✗ InProgress  is not there
    └── Secret/shop/b    ✗ Unreadable  is not there

3 objects, 2 not well`
  )
})
