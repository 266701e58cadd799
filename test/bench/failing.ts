import { startBroken } from "../support/broken.ts"
import { ChaosGround, configMap } from "../support/ChaosGround.ts"
import { type Ground, row } from "./Ground.ts"

const healthy = 50
const broken = 50
const pushes = 40

const percentile = (numbers: ReadonlyArray<number>, part: number): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length * part)]!

/**
 * Pushes to healthy Deliveries, each of a repository of its own, without and with as many broken ones beside them: how
 * long until one of them is Ready on the commit (a poll of 1 s is part of it).
 */
export const failing = async (given: Ground) => {
  const ground = await ChaosGround.start(given)
  try {
    await ground.namespace("healthy")
    const names = Array.from({ length: healthy }, (_, index) => `shop-${index}`)
    const repositories = await Promise.all(names.map((name) => ground.git.repository(name)))
    const commit = (index: number, version: number) =>
      repositories[index]!.commit({ "shop.yaml": configMap(names[index]!, version) }, `Version ${version}`)
    for (const [index, name] of names.entries()) {
      await commit(index, 0)
      await ground.deliver(`healthy/${name}`, repositories[index]!.url)
    }
    const agent = await ground.agent()
    for (const name of names) await ground.deliveries.ready(`healthy/${name}`)

    let version = 0
    const measure = async () => {
      const times: Array<number> = []
      for (let push = 0; push < pushes; push++) {
        const index = push % healthy
        const hash = await commit(index, ++version)
        const pushed = performance.now()
        await ground.deliveries.ready(`healthy/${names[index]}`, hash)
        times.push(performance.now() - pushed)
      }
      return times
    }
    const told = (times: ReadonlyArray<number>) =>
      `p50 ${Math.round(percentile(times, 0.5))} ms, p95 ${Math.round(percentile(times, 0.95))} ms`
    const alone = await measure()
    row(`${healthy} healthy Deliveries: a push to Ready`, told(alone))

    await ground.namespace("broken")
    const ways = await startBroken(ground)
    const some = await ways.deliver("broken", broken)
    const early = await measure()
    row(`  beside ${broken} that have just begun to fail`, told(early))
    for (const { id, reason } of some) await ground.deliveries.reason(id, reason, 300_000)
    const late = await measure()
    row(`  beside ${broken} that say why they fail`, told(late))
    const ratio = (times: ReadonlyArray<number>) => (percentile(times, 0.95) / percentile(alone, 0.95)).toFixed(2)
    row("  p95 beside them / p95 without them", `${ratio(early)}, ${ratio(late)}`, "goal 1.5")
    await agent.stop()
    await ways.stop()
  } finally {
    await ground.stop()
  }
}
