import type { Json, JsonObject } from "../../domain/Json.ts"
import { groupOf, ofObject } from "../../domain/ObjectRef.ts"
import type { SyncKind } from "./syncKinds.ts"

const isWanted = (wanted: ReadonlyArray<SyncKind> | "all", { apiVersion, kind }: JsonObject): boolean => {
  if (typeof apiVersion !== "string" || typeof kind !== "string") return false
  const version = apiVersion.slice(apiVersion.indexOf("/") + 1)
  return wanted === "all" ||
    wanted.some(({ groups, kinds, versions }) =>
      groups.includes(groupOf(apiVersion)) && versions.includes(version) && kinds.includes(kind)
    )
}

type Tree = { [key: string]: Tree | Json }

const put = (tree: Tree, path: ReadonlyArray<string>, value: Json) => {
  let node = tree
  for (const part of path.slice(0, -1)) {
    // a name may be one that every object has from its prototype
    if (!Object.hasOwn(node, part)) Object.defineProperty(node, part, { value: {}, enumerable: true })
    node = node[part] as Tree
  }
  Object.defineProperty(node, path.at(-1)!, { value, enumerable: true, configurable: true, writable: true })
}

/**
 * What templates find under `data.inventory`, as Gatekeeper lays it out: `cluster[groupVersion][kind][name]` and
 * `namespace[namespace][groupVersion][kind][name]`. Only kinds that are asked for.
 */
export const inventoryOf = (
  objects: ReadonlyArray<JsonObject>,
  wanted: ReadonlyArray<SyncKind> | "all"
): JsonObject => {
  const tree: Tree = {}
  for (const object of objects) {
    if (!isWanted(wanted, object)) continue
    const { kind, name, namespace } = ofObject(object)
    const path = [String(object["apiVersion"]), kind, name]
    put(tree, namespace === "" ? ["cluster", ...path] : ["namespace", namespace, ...path], object)
  }
  return tree as JsonObject
}
