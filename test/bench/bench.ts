import { apply } from "./apply.ts"
import { Ground } from "./Ground.ts"
import { interruption, latency } from "./latency.ts"
import { scale } from "./scale.ts"
import { startup } from "./startup.ts"

/** `npm run bench [-- startup|latency|interruption|apply|plain|kustomize …]`: all in one run, on one machine, or only those named. */
const benchmarks: Readonly<Record<string, (ground: Ground) => Promise<unknown>>> = {
  startup,
  latency,
  interruption,
  apply: ({ plane }) => apply(plane),
  plain: (ground) => scale(ground, "plain"),
  kustomize: (ground) => scale(ground, "kustomize")
}

const named = process.argv.slice(2)
for (const [name, benchmark] of Object.entries(benchmarks)) {
  if (named.length > 0 && !named.includes(name)) continue
  const ground = await Ground.start()
  try {
    console.log(`\n── ${name}`)
    await benchmark(ground)
  } finally {
    await ground.stop()
  }
}
