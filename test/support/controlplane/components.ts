/** What each component is started with; relative paths are in the folder of the control plane. */
type Flags = Readonly<Record<string, string | number | boolean>>

export const toArguments = (flags: Flags): ReadonlyArray<string> =>
  Object.entries(flags).map(([name, value]) => `--${name}=${value}`)

export const etcd = (url: string, peerUrl: string): Flags => ({
  "data-dir": "etcd",
  "listen-client-urls": url,
  "advertise-client-urls": url,
  "listen-peer-urls": peerUrl,
  "unsafe-no-fsync": true,
  "quota-backend-bytes": 4 * 1024 ** 3,
  "log-level": "warn"
})

export const apiServer = (port: number, etcdUrl: string, controllers: boolean): Flags => ({
  "etcd-servers": etcdUrl,
  "bind-address": "127.0.0.1",
  "advertise-address": "127.0.0.1",
  "endpoint-reconciler-type": "none",
  "secure-port": port,
  "tls-cert-file": "server.crt",
  "tls-private-key-file": "server.key",
  "client-ca-file": "ca.crt",
  "authorization-mode": "RBAC",
  "service-account-issuer": "https://kubernetes.default.svc",
  "service-account-key-file": "service-accounts.key",
  "service-account-signing-key-file": "service-accounts.key",
  "service-cluster-ip-range": "10.96.0.0/16",
  "allow-privileged": true,
  "disable-admission-plugins": controllers ? "" : "ServiceAccount", // without controllers nobody makes the accounts
  "audit-policy-file": "audit-policy.yaml",
  "audit-log-path": "audit.log",
  "audit-log-maxsize": 4096 // MiB: the long tests read it as a whole
})

const client = (kubeconfig: string): Flags => ({
  kubeconfig,
  "leader-elect": false,
  "secure-port": 0,
  "kube-api-qps": 500,
  "kube-api-burst": 1000
})

export const controllerManager = (kubeconfig: string): Flags => ({
  ...client(kubeconfig),
  "root-ca-file": "ca.crt",
  // 15 s unless said: tests wait for what an autoscaler does.
  "horizontal-pod-autoscaler-sync-period": "3s",
  "service-account-private-key-file": "service-accounts.key",
  "cluster-signing-cert-file": "ca.crt",
  "cluster-signing-key-file": "ca.key"
})

export const scheduler = client

export const kwok = (kubeconfig: string): Flags => ({
  kubeconfig,
  config: "stages.yaml",
  "manage-all-nodes": true,
  "node-lease-duration-seconds": 40,
  "server-address": ""
})
