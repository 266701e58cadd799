import * as Effect from "effect/Effect"
import { posix } from "node:path"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import { RenderFailed } from "../domain/StageError.ts"
import type { Tree } from "./Tree.ts"

export type Renderer = "kustomize" | "helm" | "plain"

/** The names that kustomize knows its files by. */
export const kustomizationNames = ["kustomization.yaml", "kustomization.yml", "Kustomization"] as const

const nearestFolder = Effect.fnUntraced(function*(tree: Tree, path: string) {
  for (let folder = posix.dirname(path); folder !== "."; folder = posix.dirname(folder)) {
    const entry = yield* tree.entry(folder)
    if (entry?.kind === "folder") return folder
  }
  return ""
})

/** The kustomization of a folder; undefined if it has none, an error if it has two. */
export const kustomizationOf = Effect.fnUntraced(function*(tree: Tree, folder: string) {
  const found: Array<string> = []
  for (const name of kustomizationNames) {
    const entry = yield* tree.entry(posix.join(folder, name))
    if (entry?.kind === "file") found.push(posix.join(folder, name))
  }
  if (found.length > 1) {
    return yield* new RenderFailed({
      detail: `${found.join(" and ")} are in one folder; kustomize refuses to choose`,
      hint: "Keep one of them.",
      origin: { file: found[1]! }
    })
  }
  return found[0]
})

/** The folder or file that a delivery points to, and what renders it: as the delivery says, else by what lies there. */
export const detect = Effect.fnUntraced(function*(tree: Tree, delivery: Delivery) {
  const { spec } = delivery
  const path = yield* tree.resolve("", spec.path.replace(/^\/+/u, "").replace(/\/+$/u, ""), { file: spec.path })
  const entry = yield* tree.entry(path)
  if (entry === undefined && path !== "") {
    const nearest = yield* nearestFolder(tree, path)
    const beside = (yield* tree.list(nearest)).filter(({ kind }) => kind === "folder").map((one) =>
      posix.basename(one.path)
    )
    return yield* new RenderFailed({
      detail: `there is no ${path} in the repository; ${nearest === "" ? "its root" : nearest} has ${
        beside.length === 0 ? "no folders" : `the folders ${beside.slice(0, 8).join(", ")}`
      }`,
      hint: "Mend the path, or add the folder."
    })
  }
  const isFile = entry?.kind === "file"
  const said = (["kustomize", "helm", "plain"] as const).filter((renderer) => spec[renderer] !== undefined)
  if (said.length > 1) {
    return yield* new RenderFailed({
      detail: `the Delivery says both ${said.join(" and ")}`,
      hint: "Keep one of them."
    })
  }
  if (isFile && said[0] !== undefined && said[0] !== "plain") {
    return yield* new RenderFailed({ detail: `${path} is a file; ${said[0]} renders folders` })
  }
  if (isFile) return { path, isFile, renderer: "plain" as const }
  const kustomization = yield* kustomizationOf(tree, path)
  const chart = (yield* tree.entry(posix.join(path, "Chart.yaml")))?.kind === "file"
  const renderer: Renderer = said[0] ?? (kustomization !== undefined ? "kustomize" : chart ? "helm" : "plain")
  if (renderer === "kustomize" && kustomization === undefined) {
    return yield* new RenderFailed({ detail: `${path || "the root folder"} has no kustomization.yaml` })
  }
  if (renderer === "helm" && !chart) {
    return yield* new RenderFailed({ detail: `${path || "the root folder"} has no Chart.yaml` })
  }
  return { path, isFile, renderer }
})
