import { createServer, type IncomingMessage, request as forward } from "node:http"
import { type AddressInfo, connect, type Socket } from "node:net"

/** A proxy on 127.0.0.1 that tunnels (CONNECT) and forwards, and notes whom it was asked for. */
export interface Proxy {
  readonly url: string
  /** `CONNECT host:port`, or `GET http://…`. */
  readonly asked: Array<string>
  readonly stop: () => Promise<void>
}

export const startProxy = async (): Promise<Proxy> => {
  const asked: Array<string> = []
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    const onward = forward(
      request.url ?? "",
      { method: request.method, headers: request.headers },
      (answer: IncomingMessage) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      }
    )
    onward.on("error", () => response.destroy())
    request.pipe(onward)
  })
  server.on("connect", (request, client: Socket) => {
    asked.push(`CONNECT ${request.url}`)
    const [host = "", port = ""] = (request.url ?? "").split(":")
    const onward = connect(Number(port), host, () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n")
      onward.pipe(client)
      client.pipe(onward)
    })
    sockets.add(onward)
    onward.on("error", () => client.destroy())
    client.on("error", () => onward.destroy())
  })
  server.on("connection", (socket: Socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    }
  }
}
