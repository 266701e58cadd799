import type * as Undici from "@effect/platform-node/Undici"
import type { KubeConfig as ClientNodeConfig } from "@kubernetes/client-node"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Semaphore from "effect/Semaphore"
import { X509Certificate } from "node:crypto"
import { uptime } from "../domain/uptime.ts"
import { collect } from "../telemetry/Meter.ts"
import { tokenExpiry } from "../telemetry/metrics.ts"
import { importConfig } from "./clientNode.ts"
import { endWhenDeaf } from "./deaf.ts"
import { areRotated, type Credentials, credentials, type KubeConfigOptions, load } from "./KubeConfig.ts"
import { hearLateErrors } from "./lateErrors.ts"

/** An open way to the cluster: pools of connections, and the headers that let a request in. */
export interface Connection {
  readonly origin: string
  /** The server's path, where several clusters share a host. */
  readonly prefix: string
  readonly headers: Readonly<Record<string, string>>
  /**
   * HTTP/2: one connection of many streams, more when it is full. Where a load balancer speaks HTTP/1.1 alone, a
   * connection for each request at once.
   */
  readonly requests: Undici.Dispatcher
  /** Watches have their own, so that they never take the streams of requests. */
  readonly watches: Undici.Dispatcher
  /** The kubeconfig's name of the user, until the cluster says another. */
  readonly user: string
  /** Of the kubeconfig's context, or of the pod that this process runs in. */
  readonly namespace: string
}

export interface Connections {
  /** The way that is open, opened or renewed if need be; fails with one sentence. */
  readonly current: Effect.Effect<Connection, string>
  /** Reads the kubeconfig and its credentials again: the server did not know them. True if they are new. */
  readonly renew: (refused: Connection) => Effect.Effect<boolean, string>
}

// An API server allows 100 or more streams on a connection; the rest is left for requests on their way.
const streams = 80
// The answers to pings tell that the other side is still there: without them requests would wait a quarter of an hour.
const ping = 10_000
const deaf = 25_000
const rotation = 5_000
const renewal = 5_000

/** When the certificate ends that a kubeconfig proves itself with: a token is renewed by whoever wrote it. */
const certificateEnd = (certificate: string | Buffer | undefined): number | undefined => {
  try {
    return certificate === undefined ? undefined : new X509Certificate(certificate).validToDate.getTime()
  } catch {
    return undefined
  }
}

const importUndici = Effect.promise(() => import("@effect/platform-node/Undici"))

const open = Effect.fnUntraced(function*(config: ClientNodeConfig, { headers, tls }: Credentials) {
  const cluster = config.getCurrentCluster()!
  const url = new URL(cluster.server)
  const { Agent, buildConnector } = yield* importUndici
  hearLateErrors()
  const reach = buildConnector({
    ...tls,
    allowH2: true,
    timeout: 10_000,
    keepAlive: true,
    keepAliveInitialDelay: 30_000
  })
  const connect: Undici.buildConnector.connector = (options, callback) =>
    reach(options, (...[error, socket]) => {
      if (error !== null) return callback(error, null)
      if ("alpnProtocol" in socket && socket.alpnProtocol === "h2") endWhenDeaf(socket, deaf)
      callback(null, socket)
    })
  const pool = (connections?: number): Undici.Dispatcher =>
    new Agent({
      allowH2: true,
      ...connections === undefined ? {} : { connections },
      h2Options: { maxConcurrentStreams: streams, pingInterval: ping },
      keepAliveTimeout: 30_000,
      connect
    })
  const proxied = cluster.proxyUrl === undefined ? undefined : yield* throughProxy(config)
  const user = config.getCurrentUser()?.name
  return {
    origin: url.origin,
    prefix: url.pathname.replace(/\/+$/u, ""),
    headers,
    requests: proxied ?? pool(32),
    // Watches never end: where their number is bounded, those beyond it wait for ever.
    watches: proxied ?? pool(),
    user: user === undefined ? "the kubeconfig's user" : `the kubeconfig's user ${user}`,
    namespace: config.getContextObject(config.getCurrentContext())?.namespace || "default"
  }
})

/** client-node's own dispatcher, which knows HTTP and SOCKS proxies. */
const throughProxy = (config: ClientNodeConfig): Effect.Effect<Undici.Dispatcher | undefined, string> =>
  Effect.tryPromise({
    try: () =>
      import("@kubernetes/client-node/dist/gen/http/http.js").then(({ HttpMethod, RequestContext }) => {
        const context = new RequestContext(config.getCurrentCluster()!.server, HttpMethod.GET)
        return config.applySecurityAuthentication(context).then(() => context.getDispatcher())
      }),
    catch: () => "the kubeconfig's proxy-url cannot be used"
  })

const close = (connection: Connection) =>
  Effect.promise(() => Promise.allSettled([connection.requests.close(), connection.watches.close()]))

const destroy = (connection: Connection) =>
  Effect.promise(() => Promise.allSettled([connection.requests.destroy(), connection.watches.destroy()]))

/** Opens the way to the cluster at the first request; credentials that rotate are looked at again every 5 seconds. */
export const make = Effect.fnUntraced(function*(options: KubeConfigOptions) {
  const context = yield* Effect.context<FileSystem.FileSystem>()
  const lock = yield* Semaphore.make(1)
  let config: ClientNodeConfig | undefined
  let connection: Connection | undefined
  let known: Credentials | undefined
  let looked = Number.NEGATIVE_INFINITY
  let loaded = Number.NEGATIVE_INFINITY
  yield* collect((now) => {
    const end = certificateEnd(known?.tls.cert)
    if (end !== undefined) now.set(tokenExpiry, { kind: "cluster", namespace: "", name: "" }, end / 1_000)
  })
  // Loading takes 100 ms and reads nothing of the user's: it goes on while the first request is still to come.
  yield* Effect.forkScoped(Effect.all([importUndici, importConfig]))

  const obtain = Effect.fnUntraced(function*() {
    const now = yield* uptime
    if (connection !== undefined && config !== undefined && (!areRotated(config) || now < looked + rotation)) {
      return connection
    }
    if (config === undefined) {
      config = yield* Effect.provide(load(options), context)
      loaded = now
    }
    const fresh = yield* credentials(config)
    looked = now
    const sameTls = known !== undefined && JSON.stringify(known.tls) === JSON.stringify(fresh.tls)
    if (connection !== undefined && sameTls) {
      connection = { ...connection, headers: fresh.headers }
    } else {
      // Requests on the old connections end before these close.
      if (connection !== undefined) yield* Effect.forkDetach(close(connection))
      connection = yield* open(config, fresh)
    }
    known = fresh
    return connection
  })

  const renew = Effect.fnUntraced(function*(refused: Connection) {
    if (refused.headers !== connection?.headers) return true
    if ((yield* uptime) < loaded + renewal) return false
    const before = JSON.stringify(known)
    config = undefined
    looked = Number.NEGATIVE_INFINITY
    yield* obtain()
    return JSON.stringify(known) !== before
  })

  yield* Effect.addFinalizer(() => Effect.suspend(() => connection === undefined ? Effect.void : destroy(connection)))
  const connections: Connections = {
    current: Effect.suspend(() =>
      connection !== undefined && config !== undefined && !areRotated(config)
        ? Effect.succeed(connection)
        : Semaphore.withPermit(lock, obtain())
    ),
    renew: (refused) => Semaphore.withPermit(lock, renew(refused))
  }
  return connections
})
