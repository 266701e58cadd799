import { assert, describe, it } from "vitest"
import { live, registry } from "./live.ts"

describe("what is known of the cluster", () => {
  it("keeps nothing of a Delivery that is gone, also where a run of it ends later", () => {
    const known = registry(live("shop/web"))
    known.running("shop/web", true)
    known.remove("shop/web")
    const child = { group: "sluice.dev", kind: "Delivery", namespace: "shop", name: "child" }
    assert.isFalse(known.adopt("shop/web", [{ ref: child, apiVersion: "sluice.dev/v1alpha1", uid: "1" }]))
    known.running("shop/web", true)
    assert.strictEqual(known.children.size, 0)
    // Whoever comes by its name has to say what it owns.
    known.set(live("shop/web"))
    assert.isTrue(known.isWriting("shop/web"))
    known.adopt("shop/web", [])
    assert.isFalse(known.isWriting("shop/web"))
  })

  it("knows who names a Notifier, as long as it does", () => {
    const both = { spec: { notify: [{ name: "chat" }, { name: "hook" }] } }
    const known = registry(
      live("shop/web", both),
      live("shop/api", { spec: { notify: [{ name: "chat" }] } }),
      live("other/web", both)
    )
    assert.deepStrictEqual([...known.subscribersOf("shop/chat")].toSorted(), ["shop/api", "shop/web"])
    assert.deepStrictEqual(known.toldOf("shop/web"), ["shop/chat", "shop/hook"])
    known.set(live("shop/web"))
    known.remove("shop/api")
    assert.deepStrictEqual([...known.subscribersOf("shop/chat")], [])
    assert.deepStrictEqual(known.toldOf("shop/web"), [])
  })
})
