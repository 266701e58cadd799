import { once } from "node:events"
import { readFileSync } from "node:fs"
import {
  type ClientHttp2Session,
  connect,
  createSecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream
} from "node:http2"
import type { AddressInfo, Socket } from "node:net"
import { join } from "node:path"
import { parse } from "yaml"
import type { ControlPlane } from "./ControlPlane.ts"

export interface ApiRequest {
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly isWatch: boolean
}

/** What the proxy does to a request instead of passing it on at once. */
export type Fate =
  | { readonly status: number; readonly retryAfter?: number }
  /** Milliseconds before it is passed on. */
  | { readonly delay: number }
  /** Passed on, and the answer is cut short after so many bytes. */
  | { readonly cutAfter: number }
  | undefined

/** The API server seen through a proxy that speaks HTTP/2 and misbehaves as told. All who come through act as the admin. */
export interface ApiProxy {
  readonly url: string
  /** Decides of each request; assign to change it in mid-test. */
  fate: (request: ApiRequest) => Fate
  /** Milliseconds by which its clock, as answers tell it, is ahead of the API server's. */
  skew: number
  /** Called with what the client sent, once it is whole. */
  onBody?: (request: ApiRequest, body: Buffer) => void
  /** Every request that came, and the fate that it met. */
  readonly requests: Array<ApiRequest & { readonly fate: Fate; readonly at: number }>
  /** Ends the watches that are open now, one in so many by chance. */
  readonly dropWatches: (oneIn?: number) => number
  readonly stop: () => Promise<void>
}

const hopByHop = new Set(["connection", "keep-alive", "transfer-encoding", ":authority", ":scheme", "host"])

const passed = (headers: IncomingHttpHeaders) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name)))

export const startApiProxy = async (plane: ControlPlane): Promise<ApiProxy> => {
  const file = (name: string) => readFileSync(join(plane.folder, name))
  const { users } = parse(plane.adminKubeconfig) as { users: ReadonlyArray<{ user: Readonly<Record<string, string>> }> }
  const credential = (name: string) => Buffer.from(users[0]!.user[name]!, "base64")
  const sessions = new Set<ServerHttp2Session>()
  const sockets = new Set<Socket>()
  const watches = new Set<ServerHttp2Stream>()
  let upstream: ClientHttp2Session | undefined
  const connected = (): ClientHttp2Session => {
    if (upstream !== undefined && !upstream.closed && !upstream.destroyed) return upstream
    upstream = connect(plane.server, {
      ca: plane.caData,
      cert: credential("client-certificate-data"),
      key: credential("client-key-data"),
      maxSessionMemory: 100
    })
    upstream.on("error", () => {})
    return upstream
  }

  const pass = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, cutAfter: number | undefined) => {
    if (stream.destroyed) return
    const onward = connected().request(passed(headers))
    stream.pipe(onward)
    onward.on("error", () => stream.close(2))
    onward.on("response", (answer) => {
      if (stream.destroyed) return onward.close()
      const date = new Date(Date.parse(String(answer.date)) + proxy.skew).toUTCString()
      stream.respond({ ...passed(answer), ...proxy.skew === 0 ? {} : { date } })
      if (cutAfter === undefined) return void onward.pipe(stream)
      let left = cutAfter
      onward.on("data", (chunk: Buffer) => {
        if (left <= 0) return
        stream.write(chunk.subarray(0, left))
        left -= chunk.length
        if (left <= 0) stream.close(2)
      })
      onward.on("end", () => stream.end())
    })
    stream.on("close", () => onward.close(8))
  }

  const server = createSecureServer({ cert: file("server.crt"), key: file("server.key") })
  const proxy: ApiProxy = {
    url: "",
    fate: () => undefined,
    skew: 0,
    requests: [],
    dropWatches: (oneIn = 1) => {
      const some = [...watches].filter(() => Math.random() * oneIn < 1)
      for (const stream of some) stream.close(2)
      return some.length
    },
    stop: async () => {
      const closed = once(server, "close")
      server.close()
      for (const session of sessions) session.destroy()
      // Who was killed while it connected has no session.
      for (const socket of sockets) socket.destroy()
      upstream?.destroy()
      await closed
    }
  }
  server.on("connection", (socket: Socket) => {
    sockets.add(socket)
    socket.on("close", () => sockets.delete(socket))
  })
  server.on("session", (session) => {
    sessions.add(session)
    session.on("close", () => sessions.delete(session))
    session.on("error", () => {})
  })
  server.on("stream", (stream, headers) => {
    stream.on("error", () => {})
    const path = headers[":path"] ?? "/"
    const request = { method: headers[":method"] ?? "GET", path, isWatch: /[?&]watch=true/u.test(path) }
    const fate = proxy.fate(request)
    proxy.requests.push({ ...request, fate, at: Date.now() })
    if (proxy.onBody !== undefined) {
      const chunks: Array<Buffer> = []
      stream.on("data", (chunk: Buffer) => chunks.push(chunk))
      stream.on("end", () => proxy.onBody?.(request, Buffer.concat(chunks)))
    }
    if (request.isWatch) {
      watches.add(stream)
      stream.on("close", () => watches.delete(stream))
    }
    if (fate === undefined) return pass(stream, headers, undefined)
    if ("delay" in fate) return void setTimeout(() => pass(stream, headers, undefined), fate.delay).unref()
    if ("cutAfter" in fate) return pass(stream, headers, fate.cutAfter)
    stream.respond({
      ":status": fate.status,
      "content-type": "application/json",
      ...fate.retryAfter === undefined ? {} : { "retry-after": String(fate.retryAfter) }
    })
    stream.end(JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", code: fate.status }))
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return Object.assign(proxy, { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}` })
}
