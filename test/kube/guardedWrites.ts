import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { ServerHttp2Session } from "node:http2"
import type { AddressInfo } from "node:net"
import { exchange } from "../../src/kube/exchange.ts"
import { answeringServer } from "./answeringServer.ts"

const { Agent } = await import("@effect/platform-node/Undici")

// Writes that may be stopped at each step, on connections that are cut: a process of its own, because what goes wrong
// here takes the whole process along.
const { ca, server } = answeringServer()
const sessions = new Set<ServerHttp2Session>()
server.on("session", (session) => sessions.add(session.on("error", () => {})))
server.listen(0, "127.0.0.1", () => {
  const dispatcher = new Agent({ allowH2: true, connect: { ca } })
  const { port } = server.address() as AddressInfo
  let turn = 0
  const write = exchange(dispatcher, {
    origin: `https://127.0.0.1:${port}`,
    path: "/",
    method: "PATCH",
    headers: {},
    body: "x".repeat(4_000),
    deadline: 2_000,
    mayStart: () => ++turn % 13 > 0
  })
  const story = Effect.gen(function*() {
    let answered = 0
    for (let round = 0; round < 40; round++) {
      setTimeout(() => sessions.forEach((session) => session.destroy()), round % 20)
      const results = yield* Effect.all(Array.from({ length: 30 }, () => Effect.result(write)), {
        concurrency: "unbounded"
      })
      answered += results.filter(Result.isSuccess).length
    }
    return answered
  })
  void Effect.runPromise(story).then((answered) => {
    console.log(answered > 0 ? "answered" : "nothing")
    process.exit(0)
  })
})
