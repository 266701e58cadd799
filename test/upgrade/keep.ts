// Keeps what this version writes and reads, for upgrades from it: node test/upgrade/keep.ts NAME
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { parse } from "yaml"
import { at, type Json } from "../../src/domain/Json.ts"
import { cases, resource } from "../api/cases.ts"
import { sampleOf } from "./sampleOf.ts"

const root = join(import.meta.dirname, "..", "..")
const [name] = process.argv.slice(2)
if (name === undefined) throw new Error("node test/upgrade/keep.ts NAME")

const folder = join(root, "test", "fixtures", "upgrade", name)
const plurals = { Delivery: "deliveries", PolicyBundle: "policybundles", Notifier: "notifiers" } as const
mkdirSync(join(folder, "crds"), { recursive: true })

const statuses = Object.fromEntries(
  Object.entries(plurals).map(([kind, plural]) => {
    const file = join("crds", `${plural}.yaml`)
    copyFileSync(join(root, "deploy", "base", file), join(folder, file))
    const crd = parse(readFileSync(join(folder, file), "utf8")) as Json
    const status = at(crd, "spec", "versions", 0, "schema", "openAPIV3Schema", "properties", "status")
    return [kind, sampleOf(status!)]
  })
)

/** What no case says: the other half of what excludes each other. */
const url = "https://gitlab.example.com/acme/shop.git"
const selector = { matchLabels: { team: "shop" }, matchExpressions: [{ key: "tier", operator: "In", values: ["web"] }] }
const more = [
  { kind: "Delivery", spec: { kustomize: {}, policy: { regoVersion: "v0" } } },
  { kind: "Delivery", spec: { plain: {} } },
  { kind: "PolicyBundle", spec: { source: { git: { url, tag: "v1", insecure: true } } } },
  { kind: "PolicyBundle", spec: { source: { git: { url, commit: "9f3c".repeat(10) } } } },
  { kind: "PolicyBundle", spec: { source: { library: ["images"] }, match: { deliverySelector: selector } } }
] as const

const taken = cases.filter(({ refused }) => refused === undefined)
const objects = [...taken, ...more].map(({ kind, spec }, index) =>
  Object.assign({}, resource(kind, spec, `case-${index}`), { status: statuses[kind] })
)
writeFileSync(join(folder, "objects.json"), `${JSON.stringify(objects, null, 2)}\n`)
