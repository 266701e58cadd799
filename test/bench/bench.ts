import { fiveHundred, hundred, thousand } from "./agent.ts"
import { apply } from "./apply.ts"
import { drift } from "./drift.ts"
import { endurance } from "./endurance.ts"
import { failing } from "./failing.ts"
import { Ground } from "./Ground.ts"
import { interruption, latency } from "./latency.ts"
import { policy } from "./policy.ts"
import { rest } from "./rest.ts"
import { scale } from "./scale.ts"
import { startup } from "./startup.ts"

/**
 * `npm run bench [-- policy|startup|latency|interruption|apply|plain|kustomize|agent|agent-500|agent-1000|rest …]`: all in one run, on one
 * machine, or only those named. `endurance` takes an hour, and runs only when it is named.
 */
const benchmarks: Readonly<Record<string, (ground: Ground) => Promise<unknown>>> = {
  startup,
  latency,
  interruption,
  apply: ({ plane }) => apply(plane),
  plain: (ground) => scale(ground, "plain"),
  kustomize: (ground) => scale(ground, "kustomize"),
  failing,
  agent: hundred,
  "agent-500": fiveHundred,
  "agent-1000": thousand,
  rest
}

/** `npm run bench -- drift --idle=10` also counts what is asked in ten minutes in which nothing happens. */
const idleMinutes = Number(process.argv.find((flag) => flag.startsWith("--idle="))?.slice(7) ?? 0)
const named = process.argv.slice(2).filter((name) => !name.startsWith("--"))
if (named.length === 0 || named.includes("drift")) {
  console.log("\n── drift")
  await drift(idleMinutes)
}
if (named.length === 0 || named.includes("policy")) {
  console.log("\n── policy")
  await policy()
}
for (const [name, benchmark] of Object.entries({ ...benchmarks, endurance })) {
  if (named.length > 0 ? !named.includes(name) : name === "endurance") continue
  const ground = await Ground.start()
  try {
    console.log(`\n── ${name}`)
    await benchmark(ground)
  } finally {
    await ground.stop()
  }
}
