import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import { generateKeyPairSync } from "node:crypto"
import { mkdtemp, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Program } from "../../src/programs/catalogue.ts"
import { fromEnvironment, Programs } from "../../src/programs/Programs.ts"
import { type AuditEvent, auditPolicy, readAudit } from "./controlplane/audit.ts"
import { addNodes, stages } from "./controlplane/kwok.ts"
import { freePorts, makeProcesses } from "./controlplane/Processes.ts"
import { makeRequest, type Request } from "./controlplane/request.ts"
import { type Authority, makeAuthority } from "./controlplane/x509.ts"
import { kubeconfig } from "./kubeconfig.ts"

export interface Options {
  /** Runs kube-controller-manager: Deployments, garbage collection, namespace deletion, service accounts. */
  readonly controllers?: boolean
  /** Runs kube-scheduler and kwok with that many fake nodes, on which pods run at once. Implies `controllers`. */
  readonly nodes?: number
  /** Leaves the folder with data, logs and audit log behind. */
  readonly keep?: boolean
  /** Told what takes long: stderr, unless given. */
  readonly progress?: (line: string) => void
}

/** A real, empty Kubernetes control plane on loopback, for as long as this process lives or until `stop`. */
export interface ControlPlane {
  readonly server: string
  /** PEM. */
  readonly caData: string
  readonly caFile: string
  /** A member of system:masters. */
  readonly adminKubeconfig: string
  readonly adminKubeconfigFile: string
  /** The kubeconfig of a user with its own certificate, who may do nothing before RBAC says so. */
  readonly user: (name: string, groups?: ReadonlyArray<string>, namespace?: string) => string
  /** Asks the API server as the admin. */
  readonly request: Request
  readonly auditLog: string
  /** All requests so far, of all users. */
  readonly readAudit: () => Promise<ReadonlyArray<AuditEvent>>
  readonly folder: string
  readonly stop: () => Promise<void>
}

const findPrograms = (names: ReadonlyArray<Program>, progress: (line: string) => void) =>
  Effect.gen(function*() {
    const programs = yield* Programs
    return Object.fromEntries(
      yield* Effect.forEach(names, (name) => Effect.map(programs.path(name), (file) => [name, file]))
    )
  }).pipe(
    Effect.provide(
      Programs.layer({ ...fromEnvironment(process.env), progress: (line) => Effect.sync(() => progress(line)) }).pipe(
        Layer.provide([NodeServices.layer, FetchHttpClient.layer])
      )
    ),
    Effect.runPromise
  )

const writeInputs = (write: (name: string, text: string) => Promise<string>, authority: Authority) => {
  const serviceAccounts = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey
  const serving = authority.server(["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"])
  return Promise.all([
    write("ca.crt", authority.certificate),
    write("ca.key", authority.key),
    write("server.crt", serving.certificate),
    write("server.key", serving.key),
    write("service-accounts.key", String(serviceAccounts.export({ type: "sec1", format: "pem" }))),
    write("audit-policy.yaml", auditPolicy),
    write("stages.yaml", stages)
  ])
}

const flags = (values: Readonly<Record<string, string | number | boolean>>) =>
  Object.entries(values).map(([name, value]) => `--${name}=${value}`)

/** Starts a control plane and waits until it is ready. */
export const startControlPlane = async (options: Options = {}): Promise<ControlPlane> => {
  const nodes = options.nodes ?? 0
  const controllers = options.controllers === true || nodes > 0
  const files = await findPrograms([
    "etcd",
    "kube-apiserver",
    ...(controllers ? ["kube-controller-manager"] as const : []),
    ...(nodes > 0 ? ["kube-scheduler", "kwok"] as const : [])
  ], options.progress ?? console.error)

  const folder = await mkdtemp(join(tmpdir(), "sluice-control-plane-"))
  const processes = makeProcesses(folder, options.keep === true)
  const write = async (name: string, text: string) => {
    await writeFile(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  const [etcdPort, peerPort, port] = await freePorts(3)
  const etcd = `http://127.0.0.1:${etcdPort}`
  const server = `https://127.0.0.1:${port}`
  const authority = makeAuthority()
  const admin = authority.client("admin", ["system:masters"])
  const adminKubeconfig = kubeconfig({
    server,
    certificateAuthority: authority.certificate,
    user: "admin",
    credential: admin
  })
  const component = (name: string) => {
    const credential = authority.client(name, ["system:masters"])
    return write(
      `${name}.kubeconfig`,
      kubeconfig({ server, certificateAuthority: authority.certificate, user: name, credential })
    )
  }
  await writeInputs(write, authority)
  const adminKubeconfigFile = await write("admin.kubeconfig", adminKubeconfig)
  const request = makeRequest(server, authority.certificate, admin)

  processes.start(
    files.etcd,
    flags({
      "data-dir": join(folder, "etcd"),
      "listen-client-urls": etcd,
      "advertise-client-urls": etcd,
      "listen-peer-urls": `http://127.0.0.1:${peerPort}`,
      "unsafe-no-fsync": true,
      "quota-backend-bytes": 4 * 1024 ** 3,
      "log-level": "warn"
    })
  )
  processes.start(
    files["kube-apiserver"],
    flags({
      "etcd-servers": etcd,
      "bind-address": "127.0.0.1",
      "advertise-address": "127.0.0.1",
      "endpoint-reconciler-type": "none",
      "secure-port": port!,
      "tls-cert-file": "server.crt",
      "tls-private-key-file": "server.key",
      "client-ca-file": "ca.crt",
      "authorization-mode": "RBAC",
      "service-account-issuer": "https://kubernetes.default.svc",
      "service-account-key-file": "service-accounts.key",
      "service-account-signing-key-file": "service-accounts.key",
      "service-cluster-ip-range": "10.96.0.0/16",
      "allow-privileged": true,
      "disable-admission-plugins": controllers ? "" : "ServiceAccount", // nobody would make the accounts
      "audit-policy-file": "audit-policy.yaml",
      "audit-log-path": "audit.log"
    })
  )
  try {
    await processes.until("kube-apiserver is not ready", () => request("GET", "/readyz"))
    if (controllers) {
      processes.start(
        files["kube-controller-manager"],
        flags({
          kubeconfig: await component("kube-controller-manager"),
          "leader-elect": false,
          "secure-port": 0,
          "root-ca-file": "ca.crt",
          "service-account-private-key-file": "service-accounts.key",
          "cluster-signing-cert-file": "ca.crt",
          "cluster-signing-key-file": "ca.key",
          "kube-api-qps": 500,
          "kube-api-burst": 1000
        })
      )
      await processes.until(
        "kube-controller-manager is not ready",
        () => request("GET", "/api/v1/namespaces/default/serviceaccounts/default")
      )
    }
    if (nodes > 0) {
      processes.start(
        files["kube-scheduler"],
        flags({
          kubeconfig: await component("kube-scheduler"),
          "leader-elect": false,
          "secure-port": 0,
          "kube-api-qps": 500,
          "kube-api-burst": 1000
        })
      )
      processes.start(
        files.kwok,
        flags({
          kubeconfig: await component("kwok"),
          config: "stages.yaml",
          "manage-all-nodes": true,
          "node-lease-duration-seconds": 40,
          "server-address": ""
        })
      )
      await addNodes(request, nodes)
    }
  } catch (error) {
    await processes.stop()
    throw error
  }

  return {
    server,
    caData: authority.certificate,
    caFile: join(folder, "ca.crt"),
    adminKubeconfig,
    adminKubeconfigFile,
    user: (name, groups = [], namespace = "default") =>
      kubeconfig({
        server,
        certificateAuthority: authority.certificate,
        user: name,
        namespace,
        credential: authority.client(name, groups)
      }),
    request,
    auditLog: join(folder, "audit.log"),
    readAudit: () => readAudit(join(folder, "audit.log")),
    folder,
    stop: processes.stop
  }
}

/** A control plane that lives as long as the scope. */
export const controlPlane = (options: Options = {}) =>
  Effect.acquireRelease(Effect.promise(() => startControlPlane(options)), (plane) => Effect.promise(plane.stop))
