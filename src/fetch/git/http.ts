import { EnvHttpProxyAgent, request } from "@effect/platform-node/Undici"
import { getCACertificates } from "node:tls"
import type { Remote, WorkerSettings } from "./calls.ts"
import { GitError, oneLine, stalled, transient } from "./GitFailure.ts"
import { lookUpHost } from "./lookUpHost.ts"

/** The connections to one remote, as one identity. */
export interface Connection {
  readonly remote: Remote
  readonly dispatcher: EnvHttpProxyAgent
  /** Where the repository is; differs from the remote's URL after a redirect on the same host. */
  base: string
}

export interface Call {
  readonly method: "GET" | "POST"
  readonly path: string
  readonly body?: Buffer
  /** What the content type of the answer ends with: anything else is no Git server. */
  readonly expects: "advertisement" | "result"
  readonly signal: AbortSignal
  /** Bytes of the answer's body. */
  readonly limit: number
}

const silence = 30_000
const redirectsFollowed = 3

export const connect = (remote: Remote, settings: WorkerSettings): Connection => {
  const ca = remote.certificateAuthority
  const tls = ca === undefined ? {} : { ca: [...getCACertificates("default"), ca] }
  return {
    remote,
    base: remote.url,
    dispatcher: new EnvHttpProxyAgent({
      connect: { ...tls, timeout: 10_000, lookup: lookUpHost },
      requestTls: tls,
      headersTimeout: silence,
      bodyTimeout: silence,
      keepAliveTimeout: 60_000,
      connections: 8,
      httpProxy: settings.proxy.http,
      httpsProxy: settings.proxy.https,
      noProxy: settings.proxy.none
    })
  }
}

const authorization = (remote: Remote): string | undefined =>
  remote.bearerToken !== undefined
    ? `Bearer ${remote.bearerToken}`
    : remote.username !== undefined || remote.password !== undefined
    ? `Basic ${Buffer.from(`${remote.username ?? ""}:${remote.password ?? ""}`).toString("base64")}`
    : undefined

/** A server may repeat what it was sent: no credential leaves in its words. */
const withoutSecrets = (remote: Remote, text: string): string =>
  [remote.password, remote.bearerToken, authorization(remote)?.split(" ")[1]]
    .filter((secret): secret is string => secret !== undefined && secret !== "")
    .reduce((result, secret) => result.replaceAll(secret, "(hidden)"), text)

const codeOf = (error: unknown): string => {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0])
  if (!(error instanceof Error)) return "unknown"
  const cause = error.cause instanceof Error ? codeOf(error.cause) : undefined
  return cause ?? ("code" in error && typeof error.code === "string" ? error.code : error.name)
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "the name could not be looked up",
  ERR_LINK_LOCAL: "its name leads to a link-local address",
  ECONNRESET: "the connection was closed",
  UND_ERR_SOCKET: "the connection was closed",
  UND_ERR_CONNECT_TIMEOUT: "no connection in 10 s",
  UND_ERR_HEADERS_TIMEOUT: "no answer in 30 s",
  UND_ERR_BODY_TIMEOUT: "nothing more came for 30 s",
  TimeoutError: "no answer in time"
}

/** What stopped a request before there was an answer, or in the middle of one. */
const unreachable = (connection: Connection, error: unknown): GitError => {
  if (error instanceof GitError) return error
  const { host, protocol } = new URL(connection.base)
  const code = codeOf(error)
  if (/CERT|SELF_SIGNED|ERR_TLS|UNABLE_TO|ERR_SSL|EPROTO/u.test(code)) {
    return stalled(
      `${host} does not prove over TLS who it is (${code})`,
      "Put the certificate of its authority under ca.crt into the Secret named by source.git.secretRef."
    )
  }
  const reason = reasons[code] ?? oneLine(error instanceof Error ? error.message : String(error), 120)
  return transient(`cannot reach ${protocol}//${host}: ${withoutSecrets(connection.remote, reason)} (${code})`)
}

const retryAfter = (value: string | undefined): { readonly retryAfter?: number } => {
  if (value === undefined) return {}
  const seconds = /^\d{1,6}$/u.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1_000
  return Number.isFinite(seconds) && seconds > 0 ? { retryAfter: Math.min(seconds, 3_600) * 1_000 } : {}
}

/** What a status other than 200 means. */
const refused = (connection: Connection, status: number, said: string, wait: string | undefined): GitError => {
  const { remote } = connection
  const words = said === "" ? `${status}` : `${status}: ${said}`
  if (status === 401 || status === 403 || status === 407) {
    const given = authorization(remote) !== undefined
    return new GitError({
      kind: "auth",
      detail: given
        ? `${remote.url} refuses the credentials it was given (${words})`
        : `${remote.url} asks for credentials, and none are given (${words})`,
      ...given ? {} : { hint: "Name a Secret with username and password, or bearerToken, in source.git.secretRef." }
    })
  }
  if (status === 404 || status === 410) {
    return stalled(`there is no Git repository at ${remote.url} (${words}), or it is hidden from these credentials`)
  }
  if (status === 429 || status >= 500) {
    return new GitError({
      kind: "failed",
      class: "transient",
      detail: `${remote.url} answers ${words}`,
      ...retryAfter(wait)
    })
  }
  return stalled(`${remote.url} answers ${words}`)
}

const headerOf = (value: string | Array<string> | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value

async function* bounded(connection: Connection, body: AsyncIterable<Uint8Array>, limit: number) {
  let received = 0
  try {
    for await (const chunk of body) {
      received += chunk.length
      if (received > limit) throw stalled(`${connection.remote.url} sends more than ${limit} bytes`)
      yield chunk
    }
  } catch (error) {
    if (error instanceof GitError) throw error
    const { detail } = unreachable(connection, error).failure
    throw transient(`the Git server broke off after ${received} bytes; ${detail}`)
  }
}

/** The first line of an answer. Secrets go before it is cut: what was cut short would not be known any more. */
const firstLine = async (remote: Remote, body: AsyncIterable<Uint8Array>): Promise<string> => {
  let text = ""
  for await (const chunk of body) {
    text += Buffer.from(chunk).toString("utf8")
    if (text.length > 4_096) break
  }
  const isPage = /<html|<!doctype/iu.test(text)
  return isPage ? "" : oneLine(withoutSecrets(remote, text.trim().split("\n")[0] ?? ""), 200)
}

/** Where a redirect leads, as a repository; only the same host is followed, and never from https to http. */
const redirected = (connection: Connection, from: string, location: string | undefined): string => {
  const { remote } = connection
  const target = location === undefined ? undefined : URL.parse(location, from)
  const before = new URL(connection.base)
  const suffix = "/info/refs"
  if (target === undefined || target === null || !target.pathname.endsWith(suffix)) {
    throw stalled(`${remote.url} redirects to something that is not a Git repository`)
  }
  const base = `${target.protocol}//${target.host}${target.pathname.slice(0, -suffix.length)}`
  const isSameHost = target.hostname === before.hostname &&
    (target.port === before.port || (before.protocol === "http:" && target.protocol === "https:"))
  if (!isSameHost || (before.protocol === "https:" && target.protocol !== "https:")) {
    throw stalled(
      `${remote.url} redirects to ${oneLine(base, 200)}; another host is never followed`,
      "If that address is right, set source.git.url to it."
    )
  }
  return base
}

/** Reads what nobody wants, so that the connection can be used again. */
const drop = (body: { dump: (options: { limit: number }) => Promise<void> }): Promise<void> =>
  body.dump({ limit: 65_536 }).catch(() => {})

/** Sends one request; only a Git server's answer with the status 200 gets through. Its body has to be read or left. */
export const send = async (connection: Connection, call: Call, hops = 0): Promise<AsyncIterable<Uint8Array>> => {
  const { remote, dispatcher } = connection
  const credential = authorization(remote)
  const url = `${connection.base}/${call.path}`
  const response = await request(url, {
    dispatcher,
    method: call.method,
    signal: call.signal,
    headers: {
      "user-agent": "git/2.0 sluice",
      "git-protocol": "version=2",
      ...credential === undefined ? {} : { authorization: credential },
      ...call.body === undefined ? {} : {
        "content-type": "application/x-git-upload-pack-request",
        accept: "application/x-git-upload-pack-result"
      }
    },
    ...call.body === undefined ? {} : { body: call.body }
  }).catch((error: unknown) => {
    throw unreachable(connection, error)
  })
  const { body, headers, statusCode: status } = response
  if (status >= 300 && status < 400) {
    await drop(body)
    if (call.method === "POST" || hops >= redirectsFollowed) throw stalled(`${remote.url} redirects without end`)
    connection.base = redirected(connection, url, headerOf(headers["location"]))
    return send(connection, call, hops + 1)
  }
  if (status !== 200) {
    const said = await firstLine(remote, bounded(connection, body, 65_536)).catch(() => "")
    throw refused(connection, status, said, headerOf(headers["retry-after"]))
  }
  const type = (headerOf(headers["content-type"]) ?? "").split(";")[0]!.trim()
  if (type !== `application/x-git-upload-pack-${call.expects}`) {
    await drop(body)
    throw stalled(
      `${remote.url} is not a Git repository: it answers with ${oneLine(type, 100) || "no content type"}`,
      "source.git.url has to be the address that `git clone` takes."
    )
  }
  return bounded(connection, body, call.limit)
}
