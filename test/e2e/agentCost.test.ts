import { afterEach, assert, beforeEach, it } from "vitest"
import { Fleet } from "../bench/Fleet.ts"
import { Ground } from "../bench/Ground.ts"

let ground: Ground
let fleet: Fleet

beforeEach(async () => {
  ground = await Ground.start()
  fleet = await Fleet.make(ground, { deliveries: 3, objects: 2, renderer: "plain", interval: "1m" })
})
afterEach(async () => {
  await fleet.remove()
  await ground.stop()
})

it("asks the API server for what a commit needs, once, and watches one Secret once for all", async () => {
  const first = await fleet.commit(0)
  await fleet.create()
  await fleet.start()
  const { requests: began } = await fleet.measured("first sync", "", () => fleet.ready(first))
  assert.strictEqual(began.get("dry-run configmaps as account"), 6)
  assert.strictEqual(began.get("patch configmaps as account"), 6)
  assert.strictEqual(began.get("watch secrets as account"), 1)

  const second = await fleet.commit(1, [1])
  const { requests: changed } = await fleet.measured("one changed", "", async () => {
    await fleet.hook()
    await fleet.ready(second)
  }, 3_000)
  assert.strictEqual(changed.get("dry-run configmaps as account"), 2)
  assert.strictEqual(changed.get("patch configmaps as account"), 2)

  const { requests: nothing } = await fleet.measured("nothing new", "", () => fleet.hook(), 1_000)
  // Its Lease is renewed, whatever happens.
  const isAsking = (name: string) => !name.startsWith("watch ") && name !== "update leases"
  assert.deepStrictEqual([...nothing].filter(([name]) => isAsking(name)), [])
})
