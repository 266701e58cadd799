import { createHash } from "node:crypto"
import type { GoBuildInfo, GoModule } from "./goBuildInfo.ts"
import type { SystemPackage } from "./libraries.ts"
import type { NpmPackage } from "./packages.ts"

export interface Contents {
  readonly version: string
  /** `amd64` or `arm64`. */
  readonly arch: string
  /** Seconds since 1970. */
  readonly epoch: number
  /** Of everything else in the tree. */
  readonly digest: string
  readonly packages: ReadonlyArray<NpmPackage>
  readonly node: {
    readonly package: NpmPackage
    readonly sha256: string
    /** `process.versions`. */
    readonly components: Readonly<Record<string, string | undefined>>
  }
  readonly programs: ReadonlyArray<{
    readonly name: string
    readonly license: string
    readonly sha256: string
    readonly info: GoBuildInfo
  }>
  readonly system: ReadonlyArray<SystemPackage>
}

interface Package {
  readonly name: string
  readonly version: string
  readonly purl?: string
  readonly license?: string | undefined
  readonly checksums?: ReadonlyArray<{ readonly algorithm: string; readonly checksumValue: string }>
  readonly comment?: string
  readonly purpose?: string
  readonly source?: string
}

/** Versions of interfaces and data, which are no software of their own. */
const notComponents = new Set(["node", "modules", "napi", "cldr", "tz", "unicode"])

const idOf = (kind: string, ...words: ReadonlyArray<string>): string =>
  `SPDXRef-${kind}-${words.join("-").replace(/[^A-Za-z0-9.-]+/gu, "-").replace(/^-+/u, "")}`

const described = (id: string, about: Package) => ({
  SPDXID: id,
  name: about.name,
  versionInfo: about.version,
  downloadLocation: "NOASSERTION",
  filesAnalyzed: false,
  licenseConcluded: "NOASSERTION",
  licenseDeclared: about.license ?? "NOASSERTION",
  copyrightText: "NOASSERTION",
  supplier: "NOASSERTION",
  ...about.purpose === undefined ? {} : { primaryPackagePurpose: about.purpose },
  ...about.checksums === undefined ? {} : { checksums: about.checksums },
  ...about.source === undefined ? {} : { sourceInfo: about.source },
  ...about.comment === undefined ? {} : { comment: about.comment },
  ...about.purl === undefined ? {} : {
    externalRefs: [{
      referenceCategory: "PACKAGE-MANAGER",
      referenceType: "purl",
      referenceLocator: about.purl
    }]
  }
})

const sha256 = (checksumValue: string) => [{ algorithm: "SHA256", checksumValue }]

/** `sha512-<base64>` as SPDX has it. */
const integrity = (value: string | undefined) =>
  value?.startsWith("sha512-") === true
    ? [{ algorithm: "SHA512", checksumValue: Buffer.from(value.slice(7), "base64").toString("hex") }]
    : undefined

const npm = ({ integrity: sum, license, name, version }: NpmPackage): Package => {
  const checksums = integrity(sum)
  return {
    name,
    version,
    license,
    purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
    ...checksums === undefined ? {} : { checksums }
  }
}

const goModule = ({ path, sum, version }: GoModule): Package => ({
  name: path,
  version,
  purl: `pkg:golang/${path}@${version}`,
  ...sum === undefined ? {} : { comment: `go.sum ${sum}` }
})

/**
 * The bill of materials of a tree, as SPDX 2.3 in JSON: npm packages, Node and what it is linked with, the Go programs and
 * their modules, and the system's libraries. The same contents give the same bytes.
 */
export const spdx = (contents: Contents): string => {
  const { arch, digest, epoch, node, packages, programs, system, version } = contents
  const all = new Map<string, ReturnType<typeof described>>()
  const relationships: Array<Readonly<Record<string, string>>> = []
  const relate = (from: string, relationshipType: string, to: string) =>
    relationships.push({ spdxElementId: from, relationshipType, relatedSpdxElement: to })
  const add = (id: string, about: Package): string => {
    all.set(id, described(id, about))
    return id
  }

  const image = add("SPDXRef-image", {
    name: "sluice",
    version,
    license: "Apache-2.0",
    purpose: "CONTAINER",
    purl: `pkg:oci/sluice?arch=${arch}&tag=${version}`
  })
  relate("SPDXRef-DOCUMENT", "DESCRIBES", image)
  const holds = (id: string) => relate(image, "CONTAINS", id)

  for (const each of packages) holds(add(idOf("npm", each.path.replaceAll("node_modules/", "")), npm(each)))

  const runtime = add("SPDXRef-node", {
    name: "node",
    version: node.package.version,
    license: "MIT",
    purpose: "APPLICATION",
    purl: `pkg:generic/node@${node.package.version}`,
    checksums: sha256(node.sha256),
    source: `the npm package ${node.package.name} ${node.package.version} (${node.package.integrity}), without symbols`
  })
  holds(runtime)
  for (const [name, value = ""] of Object.entries(node.components).sort()) {
    if (notComponents.has(name) || value === "") continue
    const purl = `pkg:generic/${name}@${encodeURIComponent(value)}`
    relate(runtime, "DEPENDS_ON", add(idOf("node", name, value), { name, version: value, purl }))
  }

  for (const { info, license, name, sha256: sum } of programs) {
    const program = add(idOf("program", name), {
      ...goModule(info.main),
      name,
      license,
      purpose: "APPLICATION",
      checksums: sha256(sum),
      source: `${info.path} ${info.main.version} (${info.main.sum}), built by ${info.go}`
    })
    holds(program)
    const release = info.go.replace(/^go/u, "")
    const library = { name: "stdlib", version: release, license: "BSD-3-Clause", purl: `pkg:golang/stdlib@${release}` }
    relate(program, "DEPENDS_ON", add(idOf("go", "stdlib", release), library))
    for (const each of info.dependencies) {
      relate(program, "DEPENDS_ON", add(idOf("go", each.path, each.version), goModule(each)))
    }
  }

  for (const { name, version: release } of system) {
    const purl = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(release)}?arch=${arch}`
    holds(add(idOf("deb", name), { name, version: release, purl }))
  }

  const sorted = [...all.values()].sort((one, other) => one.SPDXID < other.SPDXID ? -1 : 1)
  const unique = createHash("sha256").update(JSON.stringify([digest, sorted])).digest("hex")
  return `${
    JSON.stringify(
      {
        spdxVersion: "SPDX-2.3",
        dataLicense: "CC0-1.0",
        SPDXID: "SPDXRef-DOCUMENT",
        name: `sluice-${version}-linux-${arch}`,
        documentNamespace: `https://sluice.dev/spdx/sluice-${version}-linux-${arch}-${unique}`,
        creationInfo: {
          created: new Date(epoch * 1000).toISOString().replace(".000Z", "Z"),
          creators: [`Tool: sluice-image-${version}`]
        },
        packages: sorted,
        relationships
      },
      undefined,
      1
    )
  }\n`
}
