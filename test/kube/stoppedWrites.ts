// Run by exchange.test.ts, which stops this process at any moment: many writes at once, for as long as beats come in.
import * as Effect from "effect/Effect"
import { exchange } from "../../src/kube/exchange.ts"

const { Agent } = await import("@effect/platform-node/Undici")
const [port, ca] = process.argv.slice(2)
const dispatcher = new Agent({ allowH2: true, connect: { ca: Buffer.from(ca!, "base64").toString() } })
/** Milliseconds after the last beat in which writes may go. */
const open = 100
let beat = Date.now()
// When it was sent: what was read only after the process went on is as old as it is.
process.on("message", (sent) => beat = Number(sent))

/** As an agent with much to do: each turn of its event loop takes a while. */
const spin = () => {
  const until = performance.now() + 5
  while (performance.now() < until);
  setImmediate(spin)
}
spin()

const write = exchange(dispatcher, {
  origin: `https://127.0.0.1:${port}`,
  path: "/",
  method: "PATCH",
  headers: {},
  body: JSON.stringify({ value: "x".repeat(2_000) }),
  deadline: 2_000,
  mayStart: () => Date.now() - beat < open
})
await Effect.runPromise(
  Effect.all(Array.from({ length: 90 }, () => Effect.forever(Effect.andThen(Effect.exit(write), Effect.sleep(1)))), {
    concurrency: "unbounded"
  })
)
