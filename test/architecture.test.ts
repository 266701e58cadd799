import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, sep } from "node:path"

/** Who may import whom, folder by folder. A stage never imports another stage; only `pipeline` composes them. */
const mayImport: Readonly<Record<string, ReadonlyArray<string>>> = {
  domain: [],
  telemetry: ["domain"],
  api: ["domain"],
  kube: ["domain", "api"],
  programs: ["domain"],
  drift: ["domain", "kube"],
  fetch: ["domain", "api", "kube", "programs"],
  render: ["domain", "api", "programs"],
  policy: ["domain", "api", "programs"],
  diff: ["domain", "api", "kube"],
  apply: ["domain", "api", "kube"],
  notify: ["domain", "api", "kube"],
  members: ["domain", "kube"],
  controller: ["domain", "api", "kube", "fetch", "drift", "apply", "notify", "pipeline", "members", "server"],
  pipeline: ["domain", "api", "kube", "fetch", "render", "policy", "diff", "apply", "notify"],
  server: ["domain", "api", "kube", "pipeline"],
  install: ["domain", "api", "kube", "fetch", "render", "apply"],
  doctor: ["domain", "api", "kube", "programs", "fetch", "install"],
  cli: [
    "domain",
    "api",
    "kube",
    "programs",
    "fetch",
    "render",
    "policy",
    "diff",
    "apply",
    "notify",
    "pipeline",
    "members",
    "controller",
    "server",
    "install",
    "doctor"
  ]
}

/** Files at the top of `src`: the composition root may import all, the others only what is said here. */
const top: Readonly<Record<string, ReadonlyArray<string>>> = {
  "main.ts": [
    ...Object.keys(mayImport),
    "agent.ts",
    "layers.ts",
    "installer.ts",
    "client.ts",
    "offline.ts",
    "config.ts",
    "telemetry"
  ],
  "installer.ts": ["kube", "programs", "layers.ts", "client.ts", "offline.ts", "config.ts"],
  "layers.ts": [...Object.keys(mayImport), "client.ts", "offline.ts", "config.ts", "telemetry"],
  "agent.ts": [...Object.keys(mayImport), "layers.ts", "client.ts", "offline.ts", "config.ts", "telemetry"],
  "client.ts": ["kube", "config.ts", "telemetry"],
  "offline.ts": [...Object.keys(mayImport), "config.ts", "telemetry"],
  "config.ts": ["domain", "programs"]
}

/** The verbs of the CLI load the composition root when they run; nobody else may. */
const wiring = {
  "agent.ts": ["cli"],
  "layers.ts": ["cli"],
  "config.ts": ["cli"],
  "telemetry": Object.keys(mayImport)
}

const src = join(import.meta.dirname, "..", "src")

const filesBelow = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? filesBelow(join(folder, entry.name))
      : entry.name.endsWith(".ts")
      ? [join(folder, entry.name)]
      : []
  )

const files = filesBelow(src).map((path) => {
  const text = readFileSync(path, "utf8")
  const imports = [...text.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/gu)].map((match) => match[1]!)
  const name = relative(src, path)
  return { name, text, folder: name.split(sep)[0]!, imports, path }
})

describe("architecture", () => {
  it("imports only what the table allows", () => {
    const wrong = files.flatMap(({ folder, imports, name, path }) =>
      imports.filter((target) => target.startsWith(".")).flatMap((target) => {
        const other = relative(src, join(dirname(path), target)).split(sep)[0]!
        if (other === folder || other === "..") return []
        const allowed = other in wiring
          ? wiring[other as keyof typeof wiring].includes(folder) || top[folder]?.includes(other)
          : (mayImport[folder] ?? top[folder] ?? []).includes(other)
        return allowed === true ? [] : [`${name} imports ${target}`]
      })
    )
    assert.deepStrictEqual(wrong, [])
  })

  it("grants Admitted in src/policy alone", () => {
    const cast = /\bas\s+(?:Admitted\w*|unknown\s+as\s+Admitted\w*)\b/u
    const elsewhere = files.filter(({ folder, text }) => folder !== "policy" && cast.test(text)).map(({ name }) => name)
    assert.deepStrictEqual(elsewhere, [])
  })

  it("hands the right to write to apply alone", () => {
    const holders = files
      .filter(({ folder, text }) => !["kube", "apply", "pipeline"].includes(folder) && /\bKubeWriter\b/u.test(text))
      .map(({ name }) => name)
    assert.deepStrictEqual(holders.filter((name) => name !== "layers.ts"), [])
  })

  it("hands the right to write Deliveries and policy reports to the controller alone", () => {
    const writers = /\b(?:DeliveryWriter|ReportWriter)\b/u
    const holders = files
      .filter(({ folder, text }) => !["kube", "controller"].includes(folder) && writers.test(text))
      .map(({ name }) => name)
    assert.deepStrictEqual(holders.filter((name) => name !== "agent.ts"), [])
  })

  it("hands the right to write an installation to install alone", () => {
    const holders = files
      .filter(({ folder, text }) => !["kube", "install"].includes(folder) && /\bInstallWriter\b/u.test(text))
      .map(({ name }) => name)
    assert.deepStrictEqual(holders.filter((name) => name !== "installer.ts"), [])
  })

  it("reads the environment in config.ts and main.ts alone", () => {
    const readers = files
      .filter(({ name, text }) => !["config.ts", "main.ts"].includes(name) && /process\.env/u.test(text))
      .map(({ name }) => name)
    assert.deepStrictEqual(readers, [])
  })

  it("keeps the loop on one page and every file short", () => {
    const lines = (text: string) => text.split("\n").length
    const loop = files.find(({ name }) => name === join("pipeline", "Pipeline.ts"))!
    assert.isAtMost(lines(loop.text), 81)
    assert.deepStrictEqual(files.filter(({ text }) => lines(text) > 320).map(({ name }) => name), [])
  })

  it("has no drawers and no barrels", () => {
    const drawers = files.filter(({ name }) => /(^|\/)(utils?|helpers?|common|misc|shared|index)(\/|\.ts)/iu.test(name))
    assert.deepStrictEqual(drawers.map(({ name }) => name), [])
  })

  it("imports Effect and its platform deeply", () => {
    const barrels = files.flatMap(({ imports, name }) =>
      imports.filter((target) => target === "effect" || target === "@effect/platform-node").map(() => name)
    )
    assert.deepStrictEqual(barrels, [])
  })
})
