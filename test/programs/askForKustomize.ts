import * as Effect from "effect/Effect"
import { type Machine, path } from "./machine.ts"

// A process that asks for kustomize on the machine in its first argument: says what goes on, then where it is.
const machine: Pick<Machine, "cacheDirectory" | "path"> = JSON.parse(process.argv[2]!)

await Effect.runPromise(
  Effect.flatMap(
    path(machine as Machine, "kustomize", { progress: (line) => Effect.sync(() => console.log(line)) }),
    (file) => Effect.sync(() => console.log(`got ${file}`))
  )
)
