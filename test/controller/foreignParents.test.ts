import { assert, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { InventoryStore } from "../../src/apply/InventoryStore.ts"
import { foreignParents } from "../../src/controller/foreignParents.ts"
import { deliveryLabel, deliveryValue } from "../../src/domain/ownership.ts"
import { ApplyFailed } from "../../src/domain/StageError.ts"
import { KubeStatus } from "../../src/kube/KubeStatus.ts"
import { Members } from "../../src/members/Members.ts"
import { Rights } from "../../src/pipeline/Rights.ts"
import { live, registry as registryOf } from "./live.ts"

/** A replica that tends nothing, and the records of the others: what each lists, or that nobody can read it. */
const replica = (records: Readonly<Record<string, ReadonlyArray<string> | "unreadable">>) => {
  const registry = registryOf()
  const reads = new Map<string, number>()
  const names = new Map<object, string>()
  const inventories = Layer.mock(InventoryStore, {
    load: Effect.gen(function*() {
      const name = names.get(yield* KubeStatus) ?? ""
      reads.set(name, (reads.get(name) ?? 0) + 1)
      const record = records[name] ?? []
      if (record === "unreadable") return yield* new ApplyFailed({ detail: "the record cannot be read" })
      return {
        entries: record.map((child) => ({
          ref: { group: "sluice.dev", kind: "Delivery", namespace: "shop", name: child },
          apiVersion: "sluice.dev/v1alpha1",
          uid: `uid-of-shop/${child}`
        })),
        healthyObjects: 0
      }
    })
  })
  const rights = Layer.succeed(Rights, {
    of: ({ name }) => {
      const status = {} as KubeStatus["Service"]
      names.set(status, name)
      return Context.make(KubeStatus, status) as ReturnType<Rights["Service"]["of"]>
    }
  })
  const members = Layer.mock(Members, { instance: "b", tends: () => false, peers: () => [], isShared: () => true })
  const parents = foreignParents(registry, () => Effect.void).pipe(
    Effect.provide(Layer.mergeAll(inventories, rights, members))
  )
  /** A parent at a version, and one that says it is its child. */
  const version = (parent: string, child: string, resourceVersion: string) => {
    registry.set({ ...live(`shop/${parent}`), resourceVersion })
    registry.set(live(`shop/${child}`, {
      spec: { source: undefined },
      labels: { [deliveryLabel]: deliveryValue({ namespace: "shop", name: parent }) }
    }))
  }
  return { parents, reads, registry, version }
}

it.effect("waits for a record that cannot be read with nobody else's turn, and ever longer", () =>
  Effect.gen(function*() {
    const { parents, reads, registry, version } = replica({ broken: "unreadable", good: ["child"] })
    const { look } = yield* parents
    for (let round = 1; round <= 40; round++) {
      version("broken", "forged", String(round))
      look("shop/forged")
      yield* TestClock.adjust(5)
    }
    version("good", "child", "1")
    look("shop/child")
    yield* TestClock.adjust(5)
    assert.isFalse(registry.isWriting("shop/good"))
    assert.isTrue(registry.isWriting("shop/broken"))
    yield* TestClock.adjust("10 minutes")
    assert.isAbove(reads.get("broken") ?? 0, 10)
    assert.isBelow(reads.get("broken") ?? 0, 40)
    assert.strictEqual(reads.get("good"), 1)
  }))

it.effect("reads a record once for all who claim to be in it, and once more for what comes meanwhile", () =>
  Effect.gen(function*() {
    const { parents, reads, registry, version } = replica({ good: ["child-1"] })
    const { look } = yield* parents
    for (let child = 0; child < 50; child++) {
      version("good", `child-${child}`, "1")
      look(`shop/child-${child}`)
    }
    yield* TestClock.adjust(5)
    assert.isAtMost(reads.get("good") ?? 0, 2)
    const before = reads.get("good") ?? 0
    version("good", "child-1", "2")
    look("shop/child-1")
    yield* TestClock.adjust(5)
    assert.strictEqual(reads.get("good"), before + 1)
    assert.isFalse(registry.isWriting("shop/good"))
  }))
