import * as Effect from "effect/Effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import {
  createSecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session
} from "node:http2"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { stringify } from "yaml"
import { makeAuthority } from "../support/controlplane/x509.ts"

export type Handler = (request: Http2ServerRequest, response: Http2ServerResponse) => void

/** A TLS server that speaks HTTP/2 like an API server, answers as the test says, and keeps what it was asked. */
export interface LoopbackServer {
  readonly url: string
  readonly folder: string
  readonly certificateAuthority: string
  readonly requests: Array<Http2ServerRequest>
  /** Cuts every connection. */
  readonly cut: () => void
  /** The kubeconfig's file, with this cluster and this user. */
  readonly kubeconfig: (user: object, cluster?: object) => string
}

const status = (code: number, reason: string, message: string) =>
  JSON.stringify({ apiVersion: "v1", kind: "Status", status: "Failure", code, reason, message })

/** Answers with a Status object. */
export const refuse = (
  response: Http2ServerResponse,
  code: number,
  reason: string,
  message: string,
  headers: Record<string, string> = {}
): void => {
  response.writeHead(code, { "content-type": "application/json", ...headers }).end(status(code, reason, message))
}

export const answer = (response: Http2ServerResponse, object: object = { kind: "Good" }): void => {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(object))
}

const start = async (handle: Handler): Promise<LoopbackServer & { readonly stop: () => Promise<void> }> => {
  const authority = makeAuthority()
  const { certificate, key } = authority.server(["localhost"])
  const requests: Array<Http2ServerRequest> = []
  const sessions = new Set<ServerHttp2Session>()
  const server = createSecureServer({ cert: certificate, key, allowHTTP1: true }, (request, response) => {
    requests.push(request)
    handle(request, response)
  })
  server.on("session", (session) => {
    sessions.add(session.on("close", () => sessions.delete(session)))
  })
  const cut = () => sessions.forEach((session) => session.destroy())
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const folder = mkdtempSync(join(tmpdir(), "sluice-kube-"))
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  let files = 0
  return {
    url,
    folder,
    certificateAuthority: authority.certificate,
    requests,
    cut,
    kubeconfig: (
      user,
      cluster = { "certificate-authority-data": Buffer.from(authority.certificate).toString("base64") }
    ) => {
      const file = join(folder, `kubeconfig-${files++}`)
      writeFileSync(
        file,
        stringify({
          apiVersion: "v1",
          kind: "Config",
          "current-context": "test",
          clusters: [{ name: "test", cluster: { server: url, ...cluster } }],
          users: [{ name: "dana", user }],
          contexts: [{ name: "test", context: { cluster: "test", user: "dana" } }]
        })
      )
      return file
    },
    stop: () => {
      cut()
      rmSync(folder, { recursive: true })
      return new Promise((resolve) => server.close(() => resolve()))
    }
  }
}

export const loopbackServer = (handle: Handler) =>
  Effect.acquireRelease(Effect.promise(() => start(handle)), (server) => Effect.promise(server.stop))
