import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { parse } from "yaml"
import type { JsonObject } from "../../src/domain/Json.ts"

const root = join(import.meta.dirname, "..", "..")
const kept = join(root, "test", "fixtures", "upgrade")

/** The plurals of our kinds, each a file of the CRDs. */
export const plurals = ["deliveries", "notifiers", "policybundles"] as const
export type Plural = (typeof plurals)[number]

const crdsIn = (folder: string): Readonly<Record<Plural, JsonObject>> => {
  const read = (plural: Plural) => parse(readFileSync(join(folder, `${plural}.yaml`), "utf8")) as JsonObject
  return { deliveries: read("deliveries"), notifiers: read("notifiers"), policybundles: read("policybundles") }
}

/** A version that somebody may have in a cluster. */
export interface Version {
  readonly name: string
  readonly crds: Readonly<Record<Plural, JsonObject>>
  /** What was written under it: every field, in specs and statuses. */
  readonly objects: ReadonlyArray<JsonObject>
}

/** The versions before this one, the oldest first. */
export const versions: ReadonlyArray<Version> = readdirSync(kept, { withFileTypes: true })
  .filter((entry) => entry.isDirectory()).map(({ name }) => name).sort().map((name) => ({
    name,
    crds: crdsIn(join(kept, name, "crds")),
    objects: JSON.parse(readFileSync(join(kept, name, "objects.json"), "utf8"))
  }))

/** The definitions of today. */
export const current = crdsIn(join(root, "deploy", "base", "crds"))
