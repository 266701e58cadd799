import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { exposition } from "../../src/telemetry/exposition.ts"
import {
  collect,
  count,
  type Counter,
  type Gauge,
  type Histogram,
  Meter,
  MeterState
} from "../../src/telemetry/Meter.ts"
import { metrics, ofDeliveries } from "../../src/telemetry/metrics.ts"

const counter: Counter<"namespace" | "name"> = {
  kind: "counter",
  name: "done_total",
  labels: ["namespace", "name"],
  help: "What was\ndone \\ said.",
  boundaries: []
}
const gauge: Gauge<"name"> = { kind: "gauge", name: "there", labels: ["name"], help: "There.", boundaries: [] }
const histogram: Histogram<"stage"> = {
  kind: "histogram",
  name: "took_seconds",
  labels: ["stage"],
  help: "Time.",
  boundaries: [0.1, 1]
}

const page = (meter: MeterState) => [...exposition([counter, gauge, histogram], meter.scrape())].join("")

describe("Prometheus' text format", () => {
  it("tells every metric, escapes what would break a line, and adds buckets up", () => {
    const meter = new MeterState()
    meter.counted.add(counter, { namespace: "shop", name: "a\"b\\c\nd\ud800" })
    meter.counted.add(counter, { namespace: "shop", name: "plain" }, 2.5)
    for (const value of [0.05, 0.1, 0.5, 30]) meter.counted.observe(histogram, { stage: "fetch" }, value)
    assert.strictEqual(
      page(meter),
      `# HELP done_total What was\\ndone \\\\ said.
# TYPE done_total counter
done_total{namespace="shop",name="a\\"b\\\\c\\nd\ufffd"} 1
done_total{namespace="shop",name="plain"} 2.5
# HELP there There.
# TYPE there gauge
# HELP took_seconds Time.
# TYPE took_seconds histogram
took_seconds_bucket{stage="fetch",le="0.1"} 2
took_seconds_bucket{stage="fetch",le="1"} 3
took_seconds_bucket{stage="fetch",le="+Inf"} 4
took_seconds_sum{stage="fetch"} 30.65
took_seconds_count{stage="fetch"} 4
`
    )
  })

  it.effect("asks what is there at each scrape, as long as somebody is there to say so", () =>
    Effect.gen(function*() {
      const meter = new MeterState()
      let value = Infinity
      yield* Effect.scoped(Effect.gen(function*() {
        yield* collect((now) => now.set(gauge, { name: "shop" }, value))
        assert.include(page(meter), `there{name="shop"} +Inf\n`)
        value = -2
        assert.include(page(meter), `there{name="shop"} -2\n`)
      })).pipe(Effect.provideService(Meter, meter))
      assert.notInclude(page(meter), "there{")
    }))

  it.effect("forgets a Delivery, and none whose name begins with its name", () =>
    Effect.gen(function*() {
      const meter = new MeterState()
      for (const name of ["shop", "shop-2"]) {
        yield* Effect.provideService(count(counter, { namespace: "shop", name }), Meter, meter)
      }
      meter.counted.forget([counter], { namespace: "shop", name: "shop" })
      assert.deepStrictEqual([...meter.counted.series(counter).keys()], [`namespace="shop",name="shop-2"`])
    }))
})

describe("the metrics", () => {
  it("are named as Prometheus would name them, each once, with labels that are few and bounded", () => {
    assert.lengthOf(new Set(metrics.map(({ name }) => name)), metrics.length)
    for (const { kind, labels, name } of metrics) {
      assert.match(name, /^(?:sluice|process|nodejs)_[a-z0-9_]+$/u)
      assert.strictEqual(name.endsWith("_total"), kind === "counter", name)
      for (const label of labels) {
        assert.notInclude(["revision", "sha", "message", "path", "url", "run", "author", "le"], label, name)
      }
    }
  })

  it("of a Delivery end with it: all that are counted by namespace and name", () => {
    const counted = metrics.filter(({ kind, labels }) => kind !== "gauge" && labels.includes("name"))
    assert.deepStrictEqual(ofDeliveries, counted)
  })
})
