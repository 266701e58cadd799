import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"

/** What becomes of connections: carried on, ended, or kept open with nothing that comes through any more. */
export type Weather = "clear" | "cut" | "frozen"

/** A stretch of network between a client and a server on the loopback, that can fail. */
export interface TcpProxy {
  /** `https://127.0.0.1:<port>`, in front of the server's. */
  readonly url: string
  readonly port: number
  /** So many connections were made through it. */
  readonly connections: number
  /**
   * `cut`: all connections end, new ones too. `frozen`: nothing comes through, nobody is told; what was frozen stays so
   * for ever, as with a firewall that forgot it.
   */
  readonly become: (weather: Weather) => void
  /** Ends one connection in so many, by chance. */
  readonly drop: (oneIn?: number) => void
  readonly stop: () => Promise<void>
}

export const startTcpProxy = async (target: number): Promise<TcpProxy> => {
  let weather: Weather = "clear"
  let connections = 0
  const pairs = new Set<readonly [Socket, Socket]>()
  const clients = new Set<Socket>()

  const server = createServer((client) => {
    connections++
    clients.add(client)
    client.on("error", () => {}).on("close", () => clients.delete(client))
    if (weather === "cut") return void client.resetAndDestroy()
    if (weather === "frozen") return void client.pause()
    const upstream = connect(target, "127.0.0.1")
    const pair = [client, upstream] as const
    pairs.add(pair)
    upstream.on("error", () => client.destroy())
    for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
      from.pipe(to)
      from.on("close", () => {
        pairs.delete(pair)
        to.destroy()
      })
    }
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo

  const cut = () => {
    for (const [client, upstream] of pairs) {
      client.resetAndDestroy()
      upstream.destroy()
    }
  }
  return {
    url: `https://127.0.0.1:${port}`,
    port,
    get connections() {
      return connections
    },
    become: (next) => {
      weather = next
      if (next === "cut") cut()
      if (next !== "frozen") return
      for (const [client, upstream] of pairs) {
        client.unpipe(upstream).pause()
        upstream.unpipe(client).pause()
      }
    },
    drop: (oneIn = 1) => {
      for (const [client] of pairs) if (Math.random() * oneIn < 1) client.resetAndDestroy()
    },
    stop: async () => {
      const closed = once(server, "close")
      server.close()
      cut()
      // Also those that were frozen from the start.
      for (const client of clients) client.destroy()
      await closed
    }
  }
}
