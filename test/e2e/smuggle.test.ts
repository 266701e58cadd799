import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type ApiProxy, startApiProxy } from "../support/ApiProxy.ts"
import { type ControlPlane, startControlPlane } from "../support/ControlPlane.ts"
import { type GitServer, startGitServer } from "../support/GitServer.ts"
import { sluice } from "../support/Sluice.ts"

// What is gated is what is applied, byte for byte: no way of writing YAML brings an object past the gate.

let plane: ControlPlane
let git: GitServer
let proxy: ApiProxy
let folder: string
const sent: Array<{ readonly path: string; readonly body: string }> = []

beforeAll(async () => {
  ;[plane, git] = await Promise.all([startControlPlane(), startGitServer()])
  proxy = await startApiProxy(plane)
  proxy.onBody = ({ method, path }, body) => {
    if (method === "PATCH") sent.push({ path, body: body.toString() })
  }
  folder = await mkdtemp(join(tmpdir(), "sluice-smuggle-"))
  await writeFile(join(folder, "kubeconfig"), plane.adminKubeconfig.replaceAll(plane.server, proxy.url))
}, 60_000)

afterAll(async () => {
  await proxy.stop()
  await Promise.all([plane.stop(), git.stop(), rm(folder, { recursive: true, force: true })])
})

/** Denies every object that holds the word, and tells of the others what it saw. */
const policy = `package gate

deny contains "evil" if contains(json.marshal(input), "evil-1")

warn contains json.marshal(input)
`

const evil = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: evil}\ndata: {a: evil-1}\n"
const good = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: good}\ndata: {a: good}\n"
const json = JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "evil" }, data: { a: "evil-1" } })
const inList = (kind: string, indent = "  ") =>
  `apiVersion: v1\nkind: ${kind}\nitems:\n- apiVersion: v1\n${indent}kind: ConfigMap\n${indent}metadata: {name: evil}\n` +
  `${indent}data: {a: evil-1}\n`

interface Outcome {
  readonly event: string
  readonly delivery: string
  readonly outcome: string
  readonly violations?: ReadonlyArray<{ readonly message: string }>
}

type Files = Readonly<Record<string, string>>

/** One process for all: a Delivery for each repository. */
const run = async (repositories: Readonly<Record<string, Files>>) => {
  const documents = Object.entries(repositories).map(async ([name, files]) => {
    const repository = await git.repository(name)
    await repository.commit({ "policies/gate.rego": policy, ...files }, name)
    return `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: ${name}, namespace: default}
spec:
  source: {git: {url: "${repository.url}", branch: main}}
  path: app
  apply: {wait: false}
`
  })
  const file = join(folder, `${Object.keys(repositories)[0]}.yaml`)
  await writeFile(file, (await Promise.all(documents)).join("---\n"))
  sent.length = 0
  const flags = ["-o", "json", "-f", file, "--kubeconfig", join(folder, "kubeconfig")]
  const { code, stderr, stdout } = await sluice(["run", "--once", ...flags])
  const outcomes = stdout.trim().split("\n").map((line) => JSON.parse(line) as Outcome)
    .filter(({ event }) => event === "outcome")
  return { code, stderr, outcomes, patches: sent.filter(({ path }) => !path.includes("/sluice-")) }
}

const tricks: Readonly<Record<string, Files>> = {
  "a second document": { "app/a.yaml": `${good}---\n${evil}` },
  "a document behind an end marker": { "app/a.yaml": `${good}...\n---\n${evil}` },
  "a document after an empty one": { "app/a.yaml": `---\n---\n# nothing\n---\n${evil}` },
  "JSON in a YAML file": { "app/a.yaml": json },
  "a JSON file": { "app/a.json": json },
  "JSON with a comment in YAML": { "app/a.yaml": `# fine\n${json}\n` },
  "a List": { "app/a.yaml": inList("List") },
  "a ConfigMapList": { "app/a.yaml": inList("ConfigMapList") },
  "a List in a List": {
    "app/a.yaml": `apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: List\n  items:\n  - ${json}\n`
  },
  "an anchor": {
    "app/a.yaml": `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, annotations: {x: &x evil-1}}\ndata: {a: *x}\n`
  },
  "a merge key": {
    "app/a.yaml": `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\nx-data: &d {a: evil-1}\ndata: {<<: *d}\n`
  },
  "a duplicate key, the bad one last": { "app/a.yaml": `${good}data: {a: evil-1}\n` },
  "a duplicate key, the bad one first": { "app/a.yaml": `data: {a: evil-1}\n${good}` },
  "a duplicate key in JSON": { "app/a.json": json.replace("\"data\"", "\"data\":{\"a\":\"good\"},\"data\"") },
  "a quoted duplicate key": { "app/a.yaml": `${good}"data": {a: evil-1}\n` },
  "an escaped duplicate key": { "app/a.yaml": `${good}"d\\u0061ta": {a: evil-1}\n` },
  "a key with a tag": { "app/a.yaml": evil.replace("data:", "!!str data:") },
  "a binary tag": { "app/a.yaml": evil.replace("evil-1", `!!binary ${Buffer.from("evil-1").toString("base64")}`) },
  "generateName": { "app/a.yaml": evil.replace("name: evil", "generateName: evil-") },
  "a byte order mark": { "app/a.yaml": `\uFEFF${evil}` },
  "UTF-16": { "app/a.yaml": `\uFEFF${[...evil].join("\0")}\0` },
  "line separators": { "app/a.yaml": evil.replaceAll("\n", "\r") },
  "a carriage return in a comment": { "app/a.yaml": `# fine\r${evil}` },
  "a directive": { "app/a.yaml": `%YAML 1.1\n---\n${evil}` },
  "an escape in a value": { "app/a.yaml": evil.replace("evil-1", "\"ev\\x69l-1\"") },
  "a folded value": { "app/a.yaml": evil.replace("data: {a: evil-1}", "data:\n  a: >-\n    evil-1") },
  "binaryData": { "app/a.yaml": evil.replace("data: {a: evil-1}", "binaryData: {evil-1: AAAA}") },
  "another version of the group": { "app/a.yaml": evil.replace("v1", "v1 ") },
  "a folder below": { "app/deep/er/a.yml": evil },
  "a kustomization that generates": {
    "app/kustomization.yaml": "configMapGenerator:\n- name: a\n  literals: [a=evil-1]\n"
  },
  "a kustomization that patches": {
    "app/kustomization.yaml":
      "resources: [a.yaml]\npatches:\n- patch: |-\n    - {op: replace, path: /data/a, value: evil-1}\n  target: {kind: ConfigMap}\n",
    "app/a.yaml": good
  },
  "a chart's template": {
    "app/Chart.yaml": "apiVersion: v2\nname: app\nversion: 1.0.0\n",
    "app/templates/a.yaml": evil.replace("evil-1", "{{ printf \"%s-%d\" \"evil\" 1 }}")
  },
  "a chart's CRD folder": {
    "app/Chart.yaml": "apiVersion: v2\nname: app\nversion: 1.0.0\n",
    "app/crds/a.yaml": evil
  },
  "a chart's hook": {
    "app/Chart.yaml": "apiVersion: v2\nname: app\nversion: 1.0.0\n",
    "app/templates/a.yaml": evil.replace("name: evil", "name: evil, annotations: {helm.sh/hook: pre-install}")
  }
}

/** These are refused before the gate: they have no one meaning. */
const unreadable = /duplicate|tag$|generateName|UTF-16|line separators|carriage return|hook/u

/** Without what Sluice itself adds after the gate: its marks, and that nothing may be there yet. */
const withoutStamps = (text: string): unknown => {
  const { metadata: { resourceVersion, ...metadata }, ...rest } = JSON.parse(text) as {
    metadata: { resourceVersion: string } & Record<string, Record<string, string> | undefined>
  }
  assert.strictEqual(resourceVersion, "1")
  const object = { ...rest, metadata: metadata as Record<string, Record<string, string> | undefined> }
  for (const part of ["labels", "annotations"]) {
    const entries = Object.entries(object.metadata[part] ?? {}).filter(([name]) => !name.startsWith("sluice.dev/"))
    if (entries.length === 0) delete object.metadata[part]
    else object.metadata[part] = Object.fromEntries(entries)
  }
  return object
}

const parsed = (texts: ReadonlyArray<string>): ReadonlyArray<unknown> =>
  [...texts].sort().map((text) => JSON.parse(text))

describe("a repository that tries to bring an object past the gate", () => {
  it("is refused, and not even a dry-run is sent", async () => {
    const names = Object.keys(tricks)
    const repositories = Object.fromEntries(Object.values(tricks).map((files, index) => [`trick-${index}`, files]))
    const { outcomes, patches, stderr } = await run(repositories)
    for (const [index, name] of names.entries()) {
      const outcome = outcomes.find(({ delivery }) => delivery === `default/trick-${index}`)?.outcome
      assert.strictEqual(outcome, unreadable.test(name) ? "Failed" : "Denied", `${name}: ${stderr}`)
    }
    assert.deepStrictEqual(patches, [])
  }, 60_000)

  it("is sent exactly what the gate saw where it let it through", async () => {
    const listed = json.replaceAll("evil", "listed")
    const { code, outcomes, patches, stderr } = await run({
      honest: {
        "app/a.yaml": `${good}---\n# a comment\n${good.replaceAll("good", "second")}immutable: false\n---\n` +
          `{"apiVersion":"v1","kind":"List","items":[${listed}]}\n`,
        "app/numbers.yaml": "apiVersion: v1\nkind: Service\n" +
          "metadata: {name: numbers, annotations: {big: \"9007199254740993\", e: \"é😀\"}}\n" +
          "spec: {ports: [{port: 0x50, name: web}], selector: {a: \"on\"}, sessionAffinity: None}\n"
      }
    })
    assert.strictEqual(code, 0, stderr)
    const seen = (outcomes[0]?.violations ?? []).map(({ message }) => JSON.stringify(JSON.parse(message)))
    const applied = patches
      .filter(({ path }) => !path.includes("dryRun"))
      .map(({ body }) => JSON.stringify(withoutStamps(body)))
    assert.lengthOf(applied, 4)
    assert.deepStrictEqual(parsed(applied), parsed(seen))
  }, 30_000)
})
