import type { KubeConfig as ClientNodeConfig } from "@kubernetes/client-node"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { RequestOptions } from "node:https"
import { dirname, isAbsolute, join } from "node:path"
import { parse } from "yaml"
import { at, isJsonObject, type Json } from "../domain/Json.ts"
import { importConfig } from "./clientNode.ts"

/** Where the way to the cluster is written down; the first of `files`, `home` and `pod` that is there is taken. */
export interface KubeConfigOptions {
  /** What `--kubeconfig` or KUBECONFIG names: merged as kubectl does, the first to say a thing wins. */
  readonly files?: ReadonlyArray<string> | undefined
  /** The context to take instead of the current one. */
  readonly context?: string | undefined
  /** `~`, for `~/.kube/config`. */
  readonly home?: string | undefined
  /** The values of KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT, set in every pod. */
  readonly pod?: { readonly host: string; readonly port: string } | undefined
}

const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"
/** A kubeconfig is read whole; one that is larger is not a kubeconfig. */
const maximumBytes = 1024 * 1024

interface Exec {
  readonly apiVersion: string
  env?: Array<{ readonly name: string; readonly value: string }> | null
}

/** Plugins read the version that they are to speak from the environment, as kubectl sets it. */
const tellPlugin = (exec: Exec) => {
  const value = JSON.stringify({ apiVersion: exec.apiVersion, kind: "ExecCredential", spec: { interactive: false } })
  exec.env = [{ name: "KUBERNETES_EXEC_INFO", value }, ...exec.env ?? []]
}

/** What client-node's KubeConfig leaves out: a user's `tokenFile`, which changes while we run, and what plugins want. */
const completeUsers = (config: ClientNodeConfig, document: Json, folder: string) => {
  const users = at(document, "users")
  for (const entry of Array.isArray(users) ? users as ReadonlyArray<Json> : []) {
    const user = config.users.find(({ name }) => name === at(entry, "name"))
    if (user?.exec) tellPlugin(user.exec)
    const tokenFile = at(entry, "user", "tokenFile")
    if (user === undefined || typeof tokenFile !== "string") continue
    const path = isAbsolute(tokenFile) ? tokenFile : join(folder, tokenFile)
    Object.assign(user, { token: undefined, authProvider: { name: "tokenFile", config: { tokenFile: path } } })
  }
}

const whyNot: Readonly<Record<string, string>> = {
  NotFound: "there is no such kubeconfig",
  PermissionDenied: "permission denied"
}

const readFile = Effect.fnUntraced(function*(file: string) {
  const files = yield* FileSystem.FileSystem
  const text = yield* Effect.mapError(
    files.readFileString(file),
    ({ reason }) => `${file}: ${whyNot[reason._tag] ?? reason._tag}`
  )
  if (text.length > maximumBytes) return yield* Effect.fail(`${file}: is larger than 1 MiB`)
  const { KubeConfig } = yield* importConfig
  return yield* Effect.try({
    try: () => {
      const document: Json = parse(text, { maxAliasCount: 100 })
      if (!isJsonObject(document)) return undefined
      const config = new KubeConfig()
      config.loadFromString(text)
      config.makePathsAbsolute(dirname(file))
      completeUsers(config, document, dirname(file))
      return config
    },
    // A parser's message may quote the line, and the line may hold a token.
    catch: () => `${file}: is not a kubeconfig`
  })
})

const addMissing = <A extends { readonly name: string }>(to: Array<A>, from: ReadonlyArray<A>) =>
  to.push(...from.filter(({ name }) => !to.some((entry) => entry.name === name)))

const readFiles = Effect.fnUntraced(function*(paths: ReadonlyArray<string>) {
  const files = yield* FileSystem.FileSystem
  const { KubeConfig } = yield* importConfig
  const merged = new KubeConfig()
  for (const path of paths) {
    // KUBECONFIG may list files that are still to be made; one that is named alone has to be there.
    if (paths.length > 1 && !(yield* Effect.orElseSucceed(files.exists(path), () => false))) continue
    const config = yield* readFile(path)
    if (config === undefined) continue
    addMissing(merged.clusters, config.clusters)
    addMissing(merged.users, config.users)
    addMissing(merged.contexts, config.contexts)
    merged.currentContext ??= config.currentContext
  }
  return merged
})

const ofPod = Effect.fnUntraced(function*({ host, port }: { readonly host: string; readonly port: string }) {
  const files = yield* FileSystem.FileSystem
  const namespace = yield* Effect.orElseSucceed(files.readFileString(`${serviceAccount}/namespace`), () => "")
  const { KubeConfig } = yield* importConfig
  const config = new KubeConfig()
  const server = `https://${host.includes(":") ? `[${host}]` : host}:${port}`
  config.loadFromClusterAndUser(
    { name: "pod", server, caFile: `${serviceAccount}/ca.crt`, skipTLSVerify: false },
    { name: "pod", authProvider: { name: "tokenFile", config: { tokenFile: `${serviceAccount}/token` } } }
  )
  for (const context of config.contexts) Object.assign(context, { namespace: namespace.trim() })
  return config
})

const find = Effect.fnUntraced(function*(options: KubeConfigOptions) {
  const files = yield* FileSystem.FileSystem
  if (options.files !== undefined && options.files.length > 0) return yield* readFiles(options.files)
  const fallback = options.home === undefined ? undefined : join(options.home, ".kube", "config")
  if (fallback !== undefined && (yield* Effect.orElseSucceed(files.exists(fallback), () => false))) {
    return yield* readFiles([fallback])
  }
  if (options.pod !== undefined) return yield* ofPod(options.pod)
  return yield* Effect.fail("no kubeconfig: name one with --kubeconfig or KUBECONFIG")
})

/** client-node's KubeConfig with the wanted context chosen; fails with one sentence that names the file, never its text. */
export const load = Effect.fn("KubeConfig.load")(function*(options: KubeConfigOptions) {
  const config = yield* find(options)
  if (options.context !== undefined) config.setCurrentContext(options.context)
  const context = config.getContextObject(config.getCurrentContext())
  if (context === null) {
    const known = config.getContexts().map(({ name }) => name).join(", ")
    return yield* Effect.fail(
      config.getCurrentContext()
        ? `the kubeconfig has no context ${JSON.stringify(config.getCurrentContext())} (it has: ${known || "none"})`
        : "the kubeconfig has no current-context: choose one with --context"
    )
  }
  if (config.getCurrentCluster() === null) {
    return yield* Effect.fail(`the kubeconfig has no cluster ${JSON.stringify(context.cluster)}`)
  }
  return config
})

/** What one request needs to be let in: headers, and how TLS is spoken. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>
  readonly tls: {
    readonly ca?: Buffer | string
    readonly cert?: Buffer | string
    readonly key?: Buffer | string
    readonly servername?: string
    readonly rejectUnauthorized?: boolean
  }
}

/** Reads files and runs the exec plugin where the kubeconfig says so; never tells what they said: it may be a token. */
export const credentials = (config: ClientNodeConfig): Effect.Effect<Credentials, string> =>
  Effect.tryPromise({
    try: () => {
      const options: RequestOptions = {}
      return config.applyToHTTPSOptions(options).then(() => options)
    },
    catch: (error) => `the kubeconfig's credentials are not to be had: ${withoutWords(config, error)}`
  }).pipe(
    Effect.timeoutOrElse({
      duration: "60 seconds",
      orElse: () => Effect.fail("the kubeconfig's credential plugin did not answer within 60 s")
    }),
    Effect.map((options) => ({ headers: headersOf(options), tls: tlsOf(options) }))
  )

/** The system's errors name a file or a program. Whatever else is thrown may quote what a plugin printed. */
const withoutWords = (config: ClientNodeConfig, error: unknown): string => {
  if (error instanceof Error && "syscall" in error) return error.message.split("\n")[0]!.slice(0, 300)
  const command: unknown = config.getCurrentUser()?.exec?.command
  return typeof command === "string"
    ? `the plugin ${command} failed; run it by hand to see what it says`
    : "the user's entry cannot be used"
}

const headersOf = (options: RequestOptions): Record<string, string> => {
  const headers: Record<string, string> = {}
  if (typeof options.auth === "string") headers.authorization = `Basic ${Buffer.from(options.auth).toString("base64")}`
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (typeof value === "string") headers[name.toLowerCase()] = value.trim()
  }
  return headers
}

const text = (value: unknown): value is Buffer | string => typeof value === "string" || Buffer.isBuffer(value)

const tlsOf = (options: RequestOptions): Credentials["tls"] => ({
  ...text(options.ca) ? { ca: options.ca } : {},
  ...text(options.cert) ? { cert: options.cert } : {},
  ...text(options.key) ? { key: options.key } : {},
  ...options.servername === undefined ? {} : { servername: options.servername },
  ...options.rejectUnauthorized === undefined ? {} : { rejectUnauthorized: options.rejectUnauthorized }
})

/** Whether the credentials change by themselves: a token file, an exec plugin. */
export const areRotated = (config: ClientNodeConfig): boolean => {
  const user = config.getCurrentUser()
  return user !== null && (user.exec !== undefined && user.exec !== null || Boolean(user.authProvider))
}
