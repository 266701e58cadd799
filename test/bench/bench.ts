import { Bench } from "./Bench.ts"
import { interruption, latency } from "./latency.ts"
import { scale } from "./scale.ts"

/** `npm run bench [latency|interruption|plain|kustomize|…]`: all in one run, on one machine, or only those named. */
const benchmarks: Readonly<Record<string, (bench: Bench) => Promise<unknown>>> = {
  latency,
  interruption,
  plain: (bench) => scale(bench, "plain"),
  kustomize: (bench) => scale(bench, "kustomize")
}

const named = process.argv.slice(2)
for (const [name, benchmark] of Object.entries(benchmarks)) {
  if (named.length > 0 && !named.includes(name)) continue
  const bench = await Bench.start()
  try {
    console.log(`\n── ${name}`)
    await benchmark(bench)
  } finally {
    await bench.stop()
  }
}
