import { execFile } from "node:child_process"
import { cp, mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { parseAllDocuments } from "yaml"
import { at, type Json, type JsonObject } from "../../src/domain/Json.ts"
import type { ControlPlane } from "./ControlPlane.ts"
import { findPrograms } from "./controlplane/programs.ts"

const deploy = join(import.meta.dirname, "..", "..", "deploy")

export const overlays = ["quickstart", "production", "multi-tenant"] as const
export type Overlay = typeof overlays[number]

const list = (value: Json | undefined): ReadonlyArray<Json> => Array.isArray(value) ? value as ReadonlyArray<Json> : []

export const objectsOf = (text: string): ReadonlyArray<JsonObject> =>
  parseAllDocuments(text).map((document) => document.toJS() as JsonObject | null).filter((object) => object !== null)

/** The name that an object has for tests: `StatefulSet/sluice-system/sluice`. */
export const idOf = (object: JsonObject): string =>
  [object.kind, at(object, "metadata", "namespace"), at(object, "metadata", "name")]
    .filter((part) => part !== undefined).join("/")

/** Runs a program of ours and gives what it printed. */
export const program = async (name: "kustomize" | "helm" | "kubectl", args: ReadonlyArray<string>): Promise<string> => {
  const programs = await findPrograms([name], console.error)
  return (await promisify(execFile)(programs.get(name)!, args, { maxBuffer: 64 * 1024 * 1024 })).stdout
}

/** What kustomize makes of a folder. */
export const build = async (folder: string): Promise<ReadonlyArray<JsonObject>> =>
  objectsOf(await program("kustomize", ["build", folder]))

export const overlay = (name: Overlay): Promise<ReadonlyArray<JsonObject>> => build(join(deploy, "overlays", name))

/** A kustomization of an operator's in a repository of theirs, which has a copy of what we ship in `deploy/`. */
export const customized = async (repository: string, name: string, kustomization: JsonObject): Promise<string> => {
  const own = join(repository, name)
  await mkdir(own, { recursive: true })
  await mkdir(join(repository, ".git"), { recursive: true })
  await cp(deploy, join(repository, "deploy"), { recursive: true })
  await writeFile(
    join(own, "kustomization.yaml"),
    JSON.stringify({ apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization", ...kustomization })
  )
  return own
}

/** Where an API server has objects of this kind. */
const pathOf = async (plane: ControlPlane, { apiVersion, kind, metadata }: JsonObject): Promise<string> => {
  const base = String(apiVersion).includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const resource = list(at(await plane.request("GET", base) as JsonObject, "resources"))
    .find((each) => at(each, "kind") === kind && !String(at(each, "name")).includes("/"))
  if (resource === undefined) throw new Error(`the API server has no ${apiVersion} ${kind}`)
  const namespace = at(resource, "namespaced") === true ? `/namespaces/${at(metadata, "namespace")}` : ""
  return `${base}${namespace}/${at(resource, "name")}/${at(metadata, "name")}`
}

const rank = ({ kind }: JsonObject): number => ["Namespace", "CustomResourceDefinition"].indexOf(String(kind))

/**
 * Applies objects as the admin by server-side apply, which refuses a field that it does not know; CRDs and namespaces
 * first. Answers what the server warned of.
 */
export const applyObjects = async (
  plane: ControlPlane,
  objects: ReadonlyArray<JsonObject>,
  query = ""
): Promise<void> => {
  const first = objects.filter((object) => rank(object) !== -1).toSorted((a, b) => rank(a) - rank(b))
  for (const object of [...first, ...objects.filter((object) => rank(object) === -1)]) {
    const path = await pathOf(plane, object)
    const how = `fieldManager=tests&force=true&fieldValidation=Strict${query}`
    await plane.request("PATCH", `${path}?${how}`, object, "application/apply-patch+yaml")
    if (object.kind === "CustomResourceDefinition" && query === "") await established(plane, path)
  }
}

const established = async (plane: ControlPlane, path: string): Promise<void> => {
  for (;;) {
    const conditions = list(at(await plane.request("GET", path) as JsonObject, "status", "conditions"))
    if (conditions.some((each) => at(each, "type") === "Established" && at(each, "status") === "True")) return
  }
}
