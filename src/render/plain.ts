import * as Effect from "effect/Effect"
import { posix } from "node:path"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import { RenderFailed } from "../domain/StageError.ts"
import type { Candidate } from "./assemble.ts"
import { kustomizationNames } from "./detect.ts"
import type { Reader } from "./Reader.ts"
import { decode, type Tree } from "./Tree.ts"

const isManifestFile = (path: string) => /\.(yaml|yml|json)$/u.test(path)
const isWithin = (path: string, folder: string) => folder === "" || path === folder || path.startsWith(`${folder}/`)

/** Folders that hold policies, not manifests: named by the delivery, or `policies` at the root. */
const policyFolders = (delivery: Delivery) =>
  (delivery.spec.policy.paths ?? ["policies"]).map((path) => posix.normalize(path).replace(/^\/|\/$/gu, ""))

/** The manifest files of a folder: every YAML and JSON file below it, sorted; no dot files and no policies. */
export const files = Effect.fnUntraced(function*(tree: Tree, delivery: Delivery, folder: string) {
  const walked = (yield* tree.walk(folder)).filter(({ kind }) => kind === "file")
  const policies = policyFolders(delivery).filter((path) => path !== folder)
  const found = new Map<string, string>()
  let ofPolicies: string | undefined
  for (const { path, id } of walked) {
    const inside = folder === "" ? path : path.slice(folder.length + 1)
    if (!isManifestFile(path) || inside.split("/").some((part) => part.startsWith("."))) continue
    const within = policies.find((policy) => isWithin(path, policy))
    if (within !== undefined) {
      ofPolicies = within
      continue
    }
    const builder = posix.basename(path) === "Chart.yaml"
      ? "a chart"
      : kustomizationNames.some((name) => name === posix.basename(path))
      ? "a kustomization"
      : undefined
    if (builder !== undefined) {
      const below = posix.dirname(path)
      return yield* new RenderFailed({
        detail: `${below} is ${builder}, not a folder of plain YAML`,
        hint: `Set the path to ${below}, or to a kustomization that lists what is wanted.`,
        origin: { file: path }
      })
    }
    found.set(path, id)
  }
  if (found.size === 0 && ofPolicies !== undefined) {
    return yield* new RenderFailed({
      detail: `${folder || "the root folder"} holds no manifest: what is in ${ofPolicies} belongs to the policies`,
      hint: "Mend the path; a sample of a policy is checked by the name of its file."
    })
  }
  if (found.size === 0) {
    return yield* new RenderFailed({
      detail: `${folder || "the root folder"} holds no YAML or JSON file`,
      hint: "Mend the path. An empty folder never counts: everything that was applied from it would be deleted."
    })
  }
  return found
})

/** The objects of files, each with its exact place; files whose content was read before are not read again. */
export const render = Effect.fnUntraced(function*(tree: Tree, reader: Reader, closure: ReadonlyMap<string, string>) {
  const documentsOf = new Map([...closure].map(([path, id]) => [path, reader.known(id)]))
  const missing = [...closure].filter(([path]) => documentsOf.get(path) === undefined)
  const contents = yield* tree.read(missing.map(([path]) => path))
  const read = yield* reader.read(
    missing.map(([name, id], index) => ({ id, name, text: decode(contents[index] ?? new Uint8Array()) }))
  )
  for (const [index, [file]] of missing.entries()) {
    const documents = read[index]!
    if ("problem" in documents) {
      const { detail, line, column } = documents.problem
      return yield* new RenderFailed({ detail, origin: { file, line, column } })
    }
    documentsOf.set(file, documents)
  }
  const candidates: Array<Candidate> = []
  for (const [file, documents = []] of documentsOf) {
    for (const { value, line, itemLines, piece } of documents) {
      candidates.push({ value, origin: { file, line }, itemLines, source: piece })
    }
  }
  return candidates
})
