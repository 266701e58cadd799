import * as Effect from "effect/Effect"
import { deliveriesOf } from "../../src/controller/collectors.ts"
import { LaneVitals, VitalsBoard } from "../../src/controller/Vitals.ts"
import { exposition } from "../../src/telemetry/exposition.ts"
import { MeterState } from "../../src/telemetry/Meter.ts"
import * as names from "../../src/telemetry/metrics.ts"
import { processMetrics } from "../../src/telemetry/process.ts"

// What a scrape of so many Deliveries takes of the event loop: node test/bench/scrape.ts [1000]

const deliveries = Number(process.argv[2] ?? 1_000)
const meter = new MeterState()
const board = new VitalsBoard()
for (let index = 0; index < deliveries; index++) {
  const of = { namespace: `team-${index % 50}`, name: `delivery-${index}` }
  const condition = {
    type: "Ready" as const,
    status: "True" as const,
    reason: "Succeeded",
    message: "",
    lastTransitionTime: ""
  }
  const lane = new LaneVitals({ interval: 60_000, timeout: 300_000, now: Date.now })
  const source = {
    listed: () => ({ lookedAt: 1, succeededAt: 1, dueAt: 1, waits: false }),
    expires: undefined,
    abandon: Effect.void
  }
  lane.source = () => source
  board.all.add({
    ...of,
    status: () => ({ conditions: [condition] }),
    isSuspended: () => false,
    restart: () => Effect.void,
    lane,
    wellAt: 1
  })
  for (const metric of [names.driftCorrections, names.driftFights, names.watchdogRestarts]) {
    meter.counted.add(metric, of, 0)
  }
  for (const outcome of ["Applied", "Unchanged"]) {
    for (let run = 0; run < 10; run++) meter.counted.observe(names.reconcileDuration, { ...of, outcome }, Math.random())
  }
}
meter.collectors.add(deliveriesOf(board))
meter.collectors.add(processMetrics("bench"))

const longest: Array<number> = []
const totals: Array<number> = []
let text = ""
for (let round = 0; round < 30; round++) {
  const begin = performance.now()
  const turns: Array<number> = []
  let start = begin
  const turn = () => {
    turns.push(performance.now() - start)
    start = performance.now()
  }
  const samples = meter.scrape()
  const parts: Array<string> = []
  for (const part of exposition(names.metrics, samples)) {
    parts.push(part)
    turn()
  }
  text = parts.join("")
  Buffer.byteLength(text)
  turn()
  longest.push(Math.max(...turns))
  totals.push(performance.now() - begin)
}
const median = (all: ReadonlyArray<number>) => all.toSorted((a, b) => a - b)[all.length >> 1]!
console.log(
  `${deliveries} Deliveries: ${text.split("\n").length} lines, ${(text.length / 1e6).toFixed(1)} MB in ` +
    `${median(totals).toFixed(1)} ms; others wait for ${median(longest).toFixed(1)} ms at a time (median of 30), ` +
    `${longest[0]!.toFixed(1)} ms in the first`
)
