import { Agent, request as httpsRequest } from "node:https"
import type { Credential } from "./x509.ts"

/** Asks the API server as one user; rejects unless it answers 2xx. */
export type Request = (method: string, path: string, body?: unknown, contentType?: string) => Promise<unknown>

export const makeRequest = (server: string, ca: string, { certificate, key }: Credential): Request => {
  const agent = new Agent({ ca, cert: certificate, key, keepAlive: true, timeout: 4000 })
  return (method, path, body, contentType = "application/json") =>
    new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { "content-type": contentType }
      const call = httpsRequest(`${server}${path}`, { agent, method, headers }, (response) => {
        let text = ""
        response.setEncoding("utf8").on("data", (chunk: string) => text += chunk).on("error", reject)
        response.on("end", () => {
          if ((response.statusCode ?? 0) >= 300) {
            return reject(new Error(`${method} ${path}: ${response.statusCode} ${text}`))
          }
          const json = response.headers["content-type"]?.startsWith("application/json")
          resolve(json === true ? JSON.parse(text) : text)
        })
      })
      call.on("error", reject).end(body === undefined ? undefined : JSON.stringify(body))
    })
}
