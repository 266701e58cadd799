import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { createServer as createSecureServer } from "node:https"
import type { AddressInfo, Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { makeAuthority } from "./controlplane/x509.ts"
import { answerByGit } from "./git/backend.ts"
import { openRepository, type Repository } from "./git/Repository.ts"
import { runGit } from "./git/run.ts"

export interface GitServerOptions {
  /** Asks for these on every request. */
  readonly basic?: { readonly username: string; readonly password: string }
  readonly bearer?: string
  /** Serves https with a certificate of its own authority, which `certificateAuthority` then holds as PEM. */
  readonly tls?: boolean
}

/** What the server does to requests from now on; assign to change it in mid-test. */
export interface GitServerBehaviour {
  /** Milliseconds before a request is answered at all. */
  delay?: number
  /** Ends the connection after so many bytes of each answer to a POST. */
  abortAfter?: number
  /** Answers every request with this instead of by Git. */
  answer?: {
    readonly status: number
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: string | Uint8Array
  }
  /** Answers by code: true if it did. */
  intercept?: (request: IncomingMessage, response: ServerResponse) => boolean
}

export interface GitRequest {
  readonly method: string
  /** With the query, without the host. */
  readonly path: string
  readonly headers: IncomingMessage["headers"]
}

/**
 * A real Git server over smart HTTP: `git http-backend` behind Node's http(s), on 127.0.0.1 and a free port.
 *
 * ```ts
 * const server = await startGitServer()
 * const shop = await server.repository("shop")
 * await shop.commit({ "prod/web.yaml": "kind: ConfigMap\n" }, "Add the shop")
 * await shop.revert()
 * await server.stop()
 * ```
 */
export interface GitServer {
  /** `http://127.0.0.1:41234` */
  readonly url: string
  readonly certificateAuthority: string | undefined
  /** Makes an empty repository, at `<url>/<name>.git`. */
  readonly repository: (name: string) => Promise<Repository>
  /** Every request since the start or since `requests.length = 0`. */
  readonly requests: Array<GitRequest>
  readonly behaviour: GitServerBehaviour
  /** Ends all connections and removes the repositories. */
  readonly stop: () => Promise<void>
}

const isWelcome = (options: GitServerOptions, authorization: string | undefined): boolean => {
  const { basic, bearer } = options
  if (basic === undefined && bearer === undefined) return true
  return (bearer !== undefined && authorization === `Bearer ${bearer}`) ||
    (basic !== undefined &&
      authorization === `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString("base64")}`)
}

const listen = (server: Server): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", reject)
    server.listen(0, "127.0.0.1", resolve)
  })

export const startGitServer = async (options: GitServerOptions = {}): Promise<GitServer> => {
  const root = await mkdtemp(join(tmpdir(), "sluice-git-server-"))
  const requests: Array<GitRequest> = []
  const behaviour: GitServerBehaviour = {}
  const authority = options.tls === true ? makeAuthority() : undefined

  const answer = (request: IncomingMessage, response: ServerResponse) => {
    if (behaviour.intercept?.(request, response) === true) return
    if (behaviour.answer !== undefined) {
      response.writeHead(behaviour.answer.status, behaviour.answer.headers)
      response.end(behaviour.answer.body)
      return
    }
    if (!isWelcome(options, request.headers.authorization)) {
      response.writeHead(401, { "www-authenticate": "Basic realm=\"git\"", "content-type": "text/plain" })
      response.end("HTTP Basic: Access denied\n")
      return
    }
    const abortAfter = request.method === "POST" ? behaviour.abortAfter : undefined
    answerByGit(root, new URL(request.url ?? "/", "http://server"), request, response, { abortAfter })
  }
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    requests.push({ method: request.method ?? "", path: request.url ?? "", headers: request.headers })
    if (behaviour.delay === undefined) answer(request, response)
    else setTimeout(() => answer(request, response), behaviour.delay).unref()
  }

  const certificate = authority?.server(["localhost"])
  const server = certificate === undefined
    ? createServer(handle)
    : createSecureServer({ cert: certificate.certificate, key: certificate.key }, handle)
  const sockets = new Set<Socket>()
  server.on("connection", (socket: Socket) => {
    sockets.add(socket)
    socket.on("close", () => sockets.delete(socket))
  })
  await listen(server)
  const { port } = server.address() as AddressInfo
  const url = `${authority === undefined ? "http" : "https"}://127.0.0.1:${port}`

  return {
    url,
    certificateAuthority: authority?.certificate,
    requests,
    behaviour,
    repository: async (name) => {
      const path = join(root, `${name}.git`)
      await mkdir(path, { recursive: true })
      await runGit(path, ["init", "--quiet", "--bare", "--initial-branch=main"])
      return openRepository(path, `${url}/${name}.git`)
    },
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
      await rm(root, { recursive: true, force: true, maxRetries: 3 })
    }
  }
}
