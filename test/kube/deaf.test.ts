import { assert, it } from "@effect/vitest"
import { once } from "node:events"
import { type AddressInfo, connect, createServer } from "node:net"
import { endWhenDeaf } from "../../src/kube/deaf.ts"

it("ends a connection on which nothing is heard, and only that", async () => {
  const server = createServer((socket) => {
    socket.on("data", () => socket.write("pong"))
    socket.on("error", () => {})
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  const [mute, heard] = [connect(port), connect(port)]
  let pings = 0
  endWhenDeaf(mute, 200)
  endWhenDeaf(heard, 200)
  const ping = setInterval(() => heard.write(`ping ${pings++}`), 20)
  heard.on("data", () => {})
  const [error] = await once(mute, "error") as [Error]
  assert.match(error.message, /nothing was heard/u)
  assert.isFalse(heard.destroyed)
  assert.isAbove(pings, 1)
  clearInterval(ping)
  heard.destroy()
  server.close()
})

it("ends it soon after the last that was heard, and not only at the next look after twice the time", async () => {
  const server = createServer((socket) => {
    socket.on("error", () => {})
    // The last word comes early between two looks.
    setTimeout(() => socket.write("pong"), 100)
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  const socket = connect((server.address() as AddressInfo).port)
  endWhenDeaf(socket, 1_000)
  const [[heardAt], [endedAt]] = await Promise.all([
    once(socket, "data").then(() => [performance.now()]),
    once(socket, "error").then(() => [performance.now()])
  ])
  assert.isAtLeast(endedAt! - heardAt!, 900)
  assert.isBelow(endedAt! - heardAt!, 1_850)
  server.close()
})
