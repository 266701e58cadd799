import { spawn } from "node:child_process"
import type { IncomingMessage, ServerResponse } from "node:http"
import { gitEnvironment } from "./run.ts"

export interface BackendOptions {
  /** Ends the connection after so many bytes of an answer's body. */
  readonly abortAfter?: number | undefined
}

const headersOf = (block: string) =>
  block.split(/\r?\n/u).map((line): readonly [string, string] => {
    const colon = line.indexOf(":")
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
  })

/** Answers one request by `git http-backend`, Git's own server, as a CGI program. */
export const answerByGit = (
  root: string,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
  options: BackendOptions
): void => {
  const text = (name: string) => String(request.headers[name] ?? "")
  const child = spawn("git", ["http-backend"], {
    env: {
      ...gitEnvironment,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: "1",
      GIT_PROTOCOL: text("git-protocol"),
      REQUEST_METHOD: request.method ?? "GET",
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: text("content-type"),
      CONTENT_LENGTH: text("content-length"),
      HTTP_CONTENT_ENCODING: text("content-encoding"),
      REMOTE_ADDR: "127.0.0.1"
    },
    stdio: ["pipe", "pipe", "ignore"]
  })
  child.on("error", () => response.destroy())
  child.stdin.on("error", () => {})
  request.pipe(child.stdin)
  response.on("close", () => child.kill())

  let head: Buffer | undefined = Buffer.alloc(0)
  let sent = 0
  const send = (chunk: Buffer) => {
    const left = (options.abortAfter ?? Infinity) - sent
    sent += chunk.length
    if (chunk.length < left) {
      response.write(chunk)
    } else {
      response.write(chunk.subarray(0, left), () => response.socket?.destroySoon())
      child.kill()
    }
  }
  child.stdout.on("data", (chunk: Buffer) => {
    if (head === undefined) return send(chunk)
    head = Buffer.concat([head, chunk])
    const end = head.indexOf("\r\n\r\n")
    if (end < 0) return
    const headers = headersOf(head.subarray(0, end).toString())
    const body = head.subarray(end + 4)
    head = undefined
    const status = headers.find(([name]) => name === "status")
    response.writeHead(status === undefined ? 200 : Number.parseInt(status[1], 10), Object.fromEntries(headers))
    if (body.length > 0) send(body)
  })
  child.stdout.on("end", () => response.end())
}
