/** What `sluice` calls. */
export const calledPrograms = ["kustomize", "helm", "opa"] as const

/** The same, and what it will call. */
export const productPrograms = [...calledPrograms, "sops"] as const

/** A real control plane for the tests, the demo and the benchmarks. */
export const controlPlanePrograms = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubectl",
  "kwok"
] as const

/** What the tests ask whether others would take what we ship: Prometheus, of the alerts and of a scrape. */
export const judgingPrograms = ["promtool"] as const

export const programs = [...productPrograms, ...controlPlanePrograms, ...judgingPrograms] as const

export type Program = typeof programs[number]

/** As Go names them: `linux/amd64`. */
export interface Platform {
  readonly os: string
  readonly arch: string
}

/** One file of an official release, and the file of the same release that lists its checksum, if there is one. */
export interface Release {
  readonly url: string
  readonly checksums?: string
  /** The path of the program in the tarball; without it the file is the program. */
  readonly member?: string
}

/** What Sluice knows of a program besides its version, which only its `go.mod` says. */
export interface Entry {
  /** Below `deploy/tools`. */
  readonly folder: string
  /** Prints the version as the first thing that looks like one. */
  readonly versionArguments: ReadonlyArray<string>
  readonly release: (version: string, platform: Platform) => Release
  /** The release that a version of the Go module is, where they are counted apart. */
  readonly releaseOf?: (moduleVersion: string) => string
  /** Build tags: what is left out that nobody here needs. */
  readonly tags?: ReadonlyArray<string>
  /** Go variables that the program's own build sets. */
  readonly stamps: (version: string) => Readonly<Record<string, string>>
  /** A first build on two cores. */
  readonly buildTime: string
}

const github = "https://github.com"

const kubernetes = (name: Program, versionArguments: ReadonlyArray<string>, buildTime: string): Entry => ({
  folder: "kubernetes",
  versionArguments,
  buildTime,
  release: (version, { arch, os }) => {
    const url = `https://dl.k8s.io/release/${version}/bin/${os}/${arch}/${name}`
    return { url, checksums: `${url}.sha256` }
  },
  stamps: (version) => {
    const [major = "", minor = ""] = version.slice(1).split(".")
    const fields = { gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: "clean", gitCommit: "" }
    return Object.fromEntries(
      Object.entries(fields).map(([field, value]) => [`k8s.io/component-base/version.${field}`, value])
    )
  }
})

export const catalogue: Readonly<Record<Program, Entry>> = {
  kustomize: {
    folder: "kustomize",
    versionArguments: ["version"],
    buildTime: "half a minute",
    release: (version, { arch, os }) => {
      const release = `${github}/kubernetes-sigs/kustomize/releases/download/kustomize%2F${version}`
      return {
        url: `${release}/kustomize_${version}_${os}_${arch}.tar.gz`,
        checksums: `${release}/checksums.txt`,
        member: "kustomize"
      }
    },
    stamps: (version) => ({ "sigs.k8s.io/kustomize/api/provenance.version": version })
  },
  helm: {
    folder: "helm",
    versionArguments: ["version", "--short"],
    buildTime: "2 minutes",
    release: (version, { arch, os }) => {
      const url = `https://get.helm.sh/helm-${version}-${os}-${arch}.tar.gz`
      return { url, checksums: `${url}.sha256sum`, member: `${os}-${arch}/helm` }
    },
    stamps: (version) => ({ "helm.sh/helm/v4/internal/version.version": version })
  },
  opa: {
    folder: "opa",
    versionArguments: ["version"],
    buildTime: "2 minutes",
    release: (version, { arch, os }) => {
      const url = `${github}/open-policy-agent/opa/releases/download/${version}/opa_${os}_${arch}_static`
      return { url, checksums: `${url}.sha256` }
    },
    stamps: () => ({})
  },
  sops: {
    folder: "sops",
    versionArguments: ["--version", "--disable-version-check"],
    buildTime: "2 minutes",
    release: (version, { arch, os }) => {
      const release = `${github}/getsops/sops/releases/download/${version}/sops-${version}`
      return { url: `${release}.${os}.${arch}`, checksums: `${release}.checksums.txt` }
    },
    stamps: () => ({})
  },
  etcd: {
    folder: "etcd",
    versionArguments: ["--version"],
    buildTime: "half a minute",
    release: (version, { arch, os }) => {
      const release = `${github}/etcd-io/etcd/releases/download/${version}`
      const name = `etcd-${version}-${os}-${arch}`
      return { url: `${release}/${name}.tar.gz`, checksums: `${release}/SHA256SUMS`, member: `${name}/etcd` }
    },
    stamps: () => ({})
  },
  "kube-apiserver": kubernetes("kube-apiserver", ["--version"], "5 minutes"),
  "kube-controller-manager": kubernetes("kube-controller-manager", ["--version"], "3 minutes"),
  "kube-scheduler": kubernetes("kube-scheduler", ["--version"], "1 minute"),
  kubectl: kubernetes("kubectl", ["version", "--client"], "1 minute"),
  kwok: {
    folder: "kwok",
    versionArguments: ["--version"],
    buildTime: "1 minute",
    release: (version, { arch, os }) => ({
      url: `${github}/kubernetes-sigs/kwok/releases/download/${version}/kwok-${os}-${arch}`
    }),
    stamps: (version) => ({ "sigs.k8s.io/kwok/pkg/consts.Version": version })
  },
  promtool: {
    folder: "promtool",
    versionArguments: ["--version"],
    buildTime: "2 minutes",
    release: (version, { arch, os }) => {
      const number = version.slice(1)
      const release = `${github}/prometheus/prometheus/releases/download/${version}`
      const name = `prometheus-${number}.${os}-${arch}`
      return { url: `${release}/${name}.tar.gz`, checksums: `${release}/sha256sums.txt`, member: `${name}/promtool` }
    },
    // The module of Prometheus 3.16.0 is v0.316.0.
    releaseOf: (version) =>
      version.replace(/^v0\.(\d+?)(\d{2})\.(\d+)/u, (_, major, minor, patch) => `v${major}.${Number(minor)}.${patch}`),
    // Every way to find what is to be scraped: the code of a dozen clouds.
    tags: ["remove_all_sd"],
    stamps: (version) => ({ "github.com/prometheus/common/version.Version": version.slice(1) })
  }
}
