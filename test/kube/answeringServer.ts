import { createSecureServer, type Http2SecureServer } from "node:http2"
import { makeAuthority } from "../support/controlplane/x509.ts"

/** A server by HTTP/2 that answers each request once it has all of it, and who vouches for it. */
export const answeringServer = (): { readonly server: Http2SecureServer; readonly ca: string } => {
  const authority = makeAuthority()
  const { certificate, key } = authority.server(["localhost"])
  const server = createSecureServer({ cert: certificate, key })
  server.on("stream", (stream) => {
    stream.on("error", () => {}).on("end", () => {
      if (stream.destroyed) return
      stream.respond({ ":status": 200 })
      stream.end("answered")
    }).resume()
  })
  return { server, ca: authority.certificate }
}
