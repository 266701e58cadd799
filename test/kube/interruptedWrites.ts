import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { AddressInfo } from "node:net"
import { exchange } from "../../src/kube/exchange.ts"
import { answeringServer } from "./answeringServer.ts"

const { Agent } = await import("@effect/platform-node/Undici")

// Interrupts writes while their bodies are sent, and then asks for an answer: a process of its own, because what goes
// wrong here takes the whole process along.
const { ca, server } = answeringServer()
server.listen(0, "127.0.0.1", () => {
  const dispatcher = new Agent({ allowH2: true, connections: 1, connect: { ca } })
  const { port } = server.address() as AddressInfo
  const write = exchange(dispatcher, {
    origin: `https://127.0.0.1:${port}`,
    path: "/",
    method: "PATCH",
    headers: {},
    body: "x".repeat(40_000),
    deadline: 10_000
  })
  const story = Effect.gen(function*() {
    yield* write
    for (let turn = 0; turn < 100; turn++) {
      const fibers = [yield* Effect.forkChild(write), yield* Effect.forkChild(write)]
      yield* Effect.sleep(turn % 2)
      yield* Effect.forEach(fibers, Fiber.interrupt)
    }
    return yield* write
  })
  void Effect.runPromise(story).then(({ body }) => {
    console.log(body)
    process.exit(0)
  })
})
