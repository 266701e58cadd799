import { assert, it } from "@effect/vitest"
import { once } from "node:events"
import { connect, createServer } from "node:http2"
import type { AddressInfo } from "node:net"
import { hearLateErrors } from "../../src/kube/lateErrors.ts"

it("survives the error of a stream that nobody listens to any more", async () => {
  hearLateErrors()
  const server = createServer().listen(0, "127.0.0.1")
  server.on("sessionError", () => {}).on("stream", (stream) => stream.on("error", () => {}))
  const received = once(server, "stream")
  await once(server, "listening")
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`).on("error", () => {})
  const stream = session.request({ ":path": "/" })
  await received
  const closed = new Promise((resolve) => stream.once("close", resolve))
  session.destroy(new Error("read ECONNRESET"))
  await closed
  assert.isTrue(stream.destroyed)
  server.close()
})
