// Run by exchange.test.ts in a process of its own: what goes wrong here ends the process.
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { type AddressInfo, createServer } from "node:net"
import { exchange } from "../../src/kube/exchange.ts"

const { Agent } = await import("@effect/platform-node/Undici")

// A port that nobody listens on.
const server = createServer().listen(0, "127.0.0.1")
await new Promise((resolve) => server.once("listening", resolve))
const { port } = server.address() as AddressInfo
await new Promise((resolve) => server.close(resolve))

const client = new Agent({ connections: 1 })
const outgoing = {
  origin: `http://127.0.0.1:${port}`,
  path: "/",
  method: "GET" as const,
  headers: {},
  deadline: 5_000
}
// Who fails asks again at once, and makes room for the next, as the limit of requests does: both within the failure.
const slots = Semaphore.makeUnsafe(4)
const ask = exchange(client, outgoing)
const results = await Effect.runPromise(
  Effect.forEach(
    Array.from({ length: 20 }),
    () => Semaphore.withPermit(slots, Effect.exit(Effect.catchTag(ask, "NoAnswer", () => ask))),
    { concurrency: "unbounded" }
  )
)
console.log(`${results.filter(({ _tag }) => _tag === "Failure").length} refused`)
process.exit(0)
