import { linkSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { readGoBuildInfo } from "../../deploy/image/goBuildInfo.ts"
import { buildProgram, imagePrograms, pinOf, strayFrom } from "../../deploy/image/programs.ts"
import { assemble, sbomPath, type Tree } from "../../deploy/image/tree.ts"
import { fromEnvironment } from "../../src/programs/Programs.ts"
import { findPrograms } from "./controlplane/programs.ts"

const arch = process.arch === "x64" ? "amd64" : "arm64"

/**
 * A folder with the image's Go programs. Those that the tests call anyway are taken where they were built from the pinned
 * modules; where they were downloaded, they are built, once for this machine.
 */
export const imageProgramsFolder = async (progress: (line: string) => void): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-image-programs-"))
  const found = await findPrograms(imagePrograms, progress)
  for (const program of imagePrograms) {
    const pin = pinOf(program)
    let file = found.get(program)!
    if (strayFrom(pin, readGoBuildInfo(readFileSync(file)), arch) !== undefined) {
      const kept = join(fromEnvironment(process.env).cacheDirectory, "image", `${program}-${pin.version}-${arch}`)
      mkdirSync(kept, { recursive: true })
      file = join(kept, program)
      progress(`building ${program} for the image`)
      buildProgram(program, file, arch)
    }
    try {
      linkSync(file, join(folder, program))
    } catch {
      symlinkSync(file, join(folder, program))
    }
  }
  return folder
}

/** Makes the image's tree from this checkout and this machine's Debian. */
export const makeTree = (to: string, programs: string, epoch: number): Tree =>
  assemble({ to, arch, programs, epoch, modules: join(import.meta.dirname, "..", ".."), system: "/" })

const policies = `package policies.replicas

deny contains {"msg": "replicas are given", "path": ["spec", "replicas"]} if {
  input.kind == "Deployment"
  not input.spec.replicas
}
`
const deployment = (name: string, more: string) =>
  `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  ${more}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec: {containers: [{name: app, image: "registry.example.com/app@sha256:${"0".repeat(64)}"}]}
`
/** A kustomization and a chart, whose policy denies what gives no number of replicas. */
export const repository = (replicas: string) => ({
  "policies/replicas.rego": policies,
  "kustomized/kustomization.yaml": "namePrefix: one-\nresources: [web.yaml]\n",
  "kustomized/web.yaml": deployment("web", replicas),
  "charted/Chart.yaml": "apiVersion: v2\nname: two\nversion: 1.0.0\n",
  "charted/values.yaml": "replicas: 0\n",
  "charted/templates/web.yaml": deployment("{{ .Release.Name }}-web", "replicas: {{ .Values.replicas }}")
})

/** What tests read of a bill of materials. */
interface Package {
  readonly SPDXID: string
  readonly name: string
  readonly versionInfo: string
  readonly licenseDeclared: string
  readonly checksums?: ReadonlyArray<{ readonly algorithm: string; readonly checksumValue: string }>
  readonly externalRefs: ReadonlyArray<{ readonly referenceLocator: string }>
}
interface Bill {
  readonly spdxVersion: string
  readonly dataLicense: string
  readonly documentNamespace: string
  readonly creationInfo: { readonly created: string }
  readonly packages: ReadonlyArray<Package>
  readonly relationships: ReadonlyArray<{ readonly relatedSpdxElement: string }>
}

export const readBill = (root: string): Bill => JSON.parse(readFileSync(join(root, sbomPath), "utf8"))
