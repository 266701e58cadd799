import * as Effect from "effect/Effect"
import { generateKeyPairSync } from "node:crypto"
import { mkdtemp, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Program } from "../../src/programs/catalogue.ts"
import { type AuditEvent, auditPolicy, readAudit } from "./controlplane/audit.ts"
import * as components from "./controlplane/components.ts"
import { addNodes, stages } from "./controlplane/kwok.ts"
import { freePorts, makeProcesses } from "./controlplane/Processes.ts"
import { findPrograms } from "./controlplane/programs.ts"
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
  /**
   * The kubeconfig of a user with its own certificate, who may do nothing before RBAC says so. A name such as
   * `system:serviceaccount:shop:deployer` makes it that service account.
   */
  readonly user: (name: string, groups?: ReadonlyArray<string>, namespace?: string) => string
  /** Asks the API server as the admin. */
  readonly request: Request
  readonly auditLog: string
  /** All requests so far, of all users; the names of the components themselves start with `system:`. */
  readonly readAudit: () => Promise<ReadonlyArray<AuditEvent>>
  readonly folder: string
  /** Kills a program, does `meanwhile`, starts it again on the same port and data, and waits until it is ready. */
  readonly restart: (
    program: "kube-apiserver" | "kube-controller-manager",
    meanwhile?: () => Promise<void>
  ) => Promise<void>
  readonly stop: () => Promise<void>
}

const inputs = (authority: Authority): Readonly<Record<string, string>> => {
  const serviceAccounts = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey
  const serving = authority.server(["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"])
  return {
    "ca.crt": authority.certificate,
    "ca.key": authority.key,
    "server.crt": serving.certificate,
    "server.key": serving.key,
    "service-accounts.key": String(serviceAccounts.export({ type: "sec1", format: "pem" })),
    "audit-policy.yaml": auditPolicy,
    "stages.yaml": stages
  }
}

/** Starts a control plane and waits until it is ready; rejects with the end of the log of what did not start. */
export const startControlPlane = async (options: Options = {}): Promise<ControlPlane> => {
  const nodes = options.nodes ?? 0
  const controllers = options.controllers === true || nodes > 0
  const programs = await findPrograms([
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
  const start = (program: Program, flags: Parameters<typeof components.toArguments>[0]) =>
    processes.start(programs.get(program) ?? program, components.toArguments(flags))

  const [etcdPort, peerPort, port] = await freePorts(3)
  const server = `https://127.0.0.1:${port}`
  const authority = makeAuthority()
  const admin = authority.client("admin", ["system:masters"])
  const request = makeRequest(server, authority.certificate, admin)
  const kubeconfigOf = (name: string, credential: typeof admin, namespace = "default") =>
    kubeconfig({ server, certificateAuthority: authority.certificate, user: name, namespace, credential })
  const user: ControlPlane["user"] = (name, groups = [], namespace) =>
    kubeconfigOf(name, authority.client(name, groups), namespace)
  const component = (name: string) => write(`${name}.kubeconfig`, user(`system:${name}`, ["system:masters"]))

  try {
    await Promise.all(Object.entries(inputs(authority)).map(([name, text]) => write(name, text)))
    const etcdUrl = `http://127.0.0.1:${etcdPort}`
    start("etcd", components.etcd(etcdUrl, `http://127.0.0.1:${peerPort}`))
    start("kube-apiserver", components.apiServer(port!, etcdUrl, controllers))
    await processes.until("kube-apiserver is not ready", () => request("GET", "/readyz"))
    if (controllers) {
      start("kube-controller-manager", components.controllerManager(await component("kube-controller-manager")))
      const account = "/api/v1/namespaces/default/serviceaccounts/default"
      await processes.until("kube-controller-manager is not ready", () => request("GET", account))
    }
    if (nodes > 0) {
      start("kube-scheduler", components.scheduler(await component("kube-scheduler")))
      start("kwok", components.kwok(await component("kwok")))
      await addNodes(request, nodes)
    }
  } catch (error) {
    await processes.stop()
    throw error
  }

  const adminKubeconfig = kubeconfigOf("admin", admin)
  return {
    server,
    caData: authority.certificate,
    caFile: join(folder, "ca.crt"),
    adminKubeconfig,
    adminKubeconfigFile: await write("admin.kubeconfig", adminKubeconfig),
    user,
    request,
    auditLog: join(folder, "audit.log"),
    readAudit: () => readAudit(join(folder, "audit.log")),
    folder,
    restart: async (program, meanwhile = () => Promise.resolve()) => {
      await processes.restart(program, meanwhile)
      await processes.until(`${program} is not ready again`, () => request("GET", "/readyz"))
    },
    stop: processes.stop
  }
}

/** A control plane that lives as long as the scope. */
export const controlPlane = (options: Options = {}) =>
  Effect.acquireRelease(Effect.promise(() => startControlPlane(options)), (plane) => Effect.promise(plane.stop))
