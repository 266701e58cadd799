import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import { homedir } from "node:os"
import { join } from "node:path"

/** Every setting of the process, and the only reader of its environment. */
export interface Settings {
  /** Artifacts, compiled policies, programs and workspaces: all of it can be made again. */
  readonly cacheDirectory: string
  /** Where `kubectl` would look too; empty: `~/.kube/config`, then the cluster that this process runs in. */
  readonly kubeconfig: string
  readonly home: string
  /** Where the API server of the cluster is that this process runs in, if it runs in one. */
  readonly pod: { readonly host: string; readonly port: string } | undefined
  readonly path: string
  readonly kubebuilderAssets: string | undefined
  /** Programs that are not on the PATH are neither downloaded nor built: so it is in the image. */
  readonly installedOnly: boolean
  readonly proxy: { readonly http: string; readonly https: string; readonly none: string }
  /** No colours, by https://no-color.org. */
  readonly noColor: boolean
  readonly logLevel: string
  /** `logfmt` or `json`. */
  readonly logFormat: string
  /** A collector of traces; undefined: none. What else OpenTelemetry's variables say, its exporter reads. */
  readonly otlpEndpoint: string | undefined
  /** What the pod that this process runs in says of itself, by the downward API; empty where it says nothing. */
  readonly replica: {
    readonly name: string
    readonly uid: string
    readonly namespace: string
    readonly address: string
  }
}

const text = (name: string, otherwise: string) => Config.String(name).pipe(Config.withDefault(otherwise))

/** Variables that curl and Git read in both spellings, the lower-case one first. */
const eitherCase = (name: string) =>
  Config.String(name.toLowerCase()).pipe(Config.orElse(() => Config.String(name)), Config.withDefault(""))

/** Empty where only traces have an address: their variable is read as it is. */
const otlpEndpoint = Effect.gen(function*() {
  if ((yield* text("OTEL_SDK_DISABLED", "false")) === "true") return undefined
  const [all, traces] = [
    yield* text("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
    yield* text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "")
  ]
  return all === "" && traces === "" ? undefined : all
})

export const settings: Effect.Effect<Settings, Config.ConfigError> = Effect.gen(function*() {
  const cache = yield* text("XDG_CACHE_HOME", "")
  const [host, port] = [yield* text("KUBERNETES_SERVICE_HOST", ""), yield* text("KUBERNETES_SERVICE_PORT", "443")]
  const assets = yield* text("KUBEBUILDER_ASSETS", "")
  return {
    cacheDirectory: yield* text("SLUICE_CACHE", join(cache === "" ? join(homedir(), ".cache") : cache, "sluice")),
    kubeconfig: yield* text("KUBECONFIG", ""),
    home: homedir(),
    pod: host === "" ? undefined : { host, port },
    path: yield* text("PATH", ""),
    kubebuilderAssets: assets === "" ? undefined : assets,
    installedOnly: (yield* text("SLUICE_PROGRAMS", "")) === "installed",
    proxy: {
      http: yield* eitherCase("HTTP_PROXY"),
      https: yield* eitherCase("HTTPS_PROXY"),
      none: yield* eitherCase("NO_PROXY")
    },
    noColor: (yield* text("NO_COLOR", "")) !== "",
    logLevel: yield* text("SLUICE_LOG_LEVEL", "info"),
    logFormat: yield* text("SLUICE_LOG_FORMAT", "logfmt"),
    otlpEndpoint: yield* otlpEndpoint,
    replica: {
      name: yield* text("POD_NAME", ""),
      uid: yield* text("POD_UID", ""),
      namespace: yield* text("POD_NAMESPACE", ""),
      address: yield* text("POD_IP", "")
    }
  }
})
