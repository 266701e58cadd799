import { most } from "../domain/fieldPaths.ts"
import { at, isJsonObject, type Json } from "../domain/Json.ts"
import { groupOf } from "../domain/ObjectRef.ts"
import type { LiveMetadata, ManagedFields } from "./KubeReader.ts"

const text = (value: Json | undefined): string => typeof value === "string" ? value : ""

const texts = (value: Json | undefined): Record<string, string> =>
  Object.fromEntries(
    Object.entries(isJsonObject(value) ? value : {}).filter((entry): entry is [string, string] =>
      typeof entry[1] === "string"
    )
  )

/** Whether a tree is deeper than anybody reads: anyone may write one, and what is written by recursion must end. */
const isDeep = (fields: Json | undefined): boolean => {
  let level: ReadonlyArray<Json> = fields === undefined ? [] : [fields]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > most.depth) return true
    level = level.flatMap((node) => isJsonObject(node) ? Object.values(node) : [])
  }
  return false
}

const managedFields = (entry: Json): ManagedFields => {
  const optional = (name: "subresource" | "time" | "apiVersion") => {
    const value = text(at(entry, name))
    return value === "" ? {} : { [name]: value }
  }
  const fields = at(entry, "fieldsV1")
  // No object is so deep: what would be taken for one is named by what it is, and holds nothing else.
  const fieldsV1 = isDeep(fields) ? { "f:deeper than any object": {} } : fields
  return {
    manager: text(at(entry, "manager")),
    operation: text(at(entry, "operation")),
    ...optional("subresource"),
    ...optional("time"),
    ...optional("apiVersion"),
    ...isJsonObject(fieldsV1) ? { fieldsV1 } : {}
  }
}

/** Reads an object's (or a PartialObjectMetadata's) metadata; kind and version are those that were asked for. */
export const liveMetadata = (apiVersion: string, kind: string, object: Json): LiveMetadata => {
  const metadata = at(object, "metadata")
  const entries = at(metadata, "managedFields")
  const generation = at(metadata, "generation")
  return {
    ref: {
      group: groupOf(apiVersion),
      kind,
      namespace: text(at(metadata, "namespace")),
      name: text(at(metadata, "name"))
    },
    uid: text(at(metadata, "uid")),
    resourceVersion: text(at(metadata, "resourceVersion")),
    ...typeof generation === "number" ? { generation } : {},
    deleting: at(metadata, "deletionTimestamp") !== undefined,
    labels: texts(at(metadata, "labels")),
    annotations: texts(at(metadata, "annotations")),
    managedFields: (Array.isArray(entries) ? entries as ReadonlyArray<Json> : []).map(managedFields)
  }
}
