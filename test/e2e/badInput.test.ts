import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type ControlPlane, startControlPlane } from "../support/ControlPlane.ts"
import { type GitServer, startGitServer } from "../support/GitServer.ts"
import { sluice } from "../support/Sluice.ts"

let plane: ControlPlane
let git: GitServer
let guarded: GitServer
let folder: string

beforeAll(async () => {
  ;[plane, git, guarded] = await Promise.all([
    startControlPlane({ controllers: true }),
    startGitServer(),
    startGitServer({ basic: { username: "dana", password: "right" } })
  ])
  folder = await mkdtemp(join(tmpdir(), "sluice-bad-input-"))
}, 60_000)

afterAll(async () => {
  await Promise.all([plane.stop(), git.stop(), guarded.stop(), rm(folder, { recursive: true, force: true })])
})

type Files = Readonly<Record<string, string>>

const write = async (name: string, text: string) => {
  await writeFile(join(folder, name), text)
  return join(folder, name)
}

const specOf = (name: string, source: string, more = "") =>
  `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: ${name}, namespace: default}
spec:
  source: {git: {${source}}}
${more}`

const delivery = (name: string, source: string, more = "") => write(`${name}.yaml`, specOf(name, source, more))

const once = async (file: string, kubeconfig = plane.adminKubeconfigFile, ...more: ReadonlyArray<string>) =>
  sluice(["run", "--once", "-f", file, "--kubeconfig", kubeconfig, ...more])

/** Commits to a repository, which is made at the first time. */
const commit = async (name: string, files: Files) => {
  const repository = repositories.get(name) ?? await git.repository(name)
  repositories.set(name, repository)
  await repository.commit(files, name, { replace: true })
  return repository.url
}
const repositories = new Map<string, Awaited<ReturnType<GitServer["repository"]>>>()

/** One run of a revision with these files. */
const run = async (name: string, files: Files, more = "", ...flags: ReadonlyArray<string>) => {
  const url = await commit(name, files)
  return once(await delivery(name, `url: "${url}", branch: main`, more), plane.adminKubeconfigFile, ...flags)
}

const configMap = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`
const deployment = (name: string, label: string) =>
  `apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  selector: {matchLabels: {app: ${label}}}
  template:
    metadata: {labels: {app: ${label}}}
    spec: {containers: [{name: app, image: app}]}
`
const aliases = [
  "a: &a [x, x]",
  ..."bcdefgh".split("").map((name, index) => {
    const before = "abcdefg"[index]!
    return `${name}: &${name} [${Array.from({ length: 20 }, () => `*${before}`).join(", ")}]`
  })
].join("\n")

describe("a source that cannot be read", () => {
  it("is no repository", async () => {
    const { code, stdout } = await once(await delivery("none", `url: "${git.url}/none.git", branch: main`))
    assert.strictEqual(code, 2)
    assert.match(stdout, /FetchFailed.*\n {2}there is no Git repository at http:\S+none\.git/u)
  })

  it("has no such branch: the nearest is named", async () => {
    const url = await commit("branch", { "a.yaml": configMap("a") })
    const { code, stdout } = await once(await delivery("branch", `url: "${url}", branch: mian`))
    assert.strictEqual(code, 2)
    assert.match(stdout, /has no branch "mian"\n {2}help Did you mean "main"\?/u)
  })

  it("refuses the credentials, which are not echoed", async () => {
    const { url } = await guarded.repository("guarded")
    const secret = `---
apiVersion: v1
kind: Secret
metadata: {name: git, namespace: default}
stringData: {username: dana, password: canary-8d3f}
`
    const source = `url: "${url}", branch: main, insecure: true, secretRef: {name: git}`
    const { code, text } = await once(await delivery("guarded", source, secret))
    assert.strictEqual(code, 2)
    assert.match(text, /AuthFailed.*\n.*refuses the credentials.*\n {2}help .*Secret "git"/u)
    assert.notInclude(text, "canary-8d3f")
    assert.notInclude(text, Buffer.from("dana:canary-8d3f").toString("base64"))
  })

  it("cannot be reached: told once, with the attempts that follow", async () => {
    const { code, stdout } = await once(await delivery("away", "url: \"http://127.0.0.1:1/x.git\", branch: main"))
    assert.strictEqual(code, 2)
    assert.match(stdout, /cannot reach http:\/\/127\.0\.0\.1:1: the connection was refused/u)
    assert.match(stdout, /next: attempt 2 in [\s\S]*FetchFailed again; next: attempt 3 in [\s\S]*again; given up/u)
    assert.lengthOf(stdout.match(/cannot reach/gu)!, 1)
  })
})

describe("a cluster that cannot be asked", () => {
  const asked = async (name: string, kubeconfig: string, ...flags: ReadonlyArray<string>) => {
    const url = await commit(name, { "a.yaml": configMap(name) })
    return once(await delivery(name, `url: "${url}", branch: main`), kubeconfig, ...flags)
  }

  it("is out of reach: the tries are said", async () => {
    const gone = await write("gone", plane.adminKubeconfig.replaceAll(plane.server, "https://127.0.0.1:1"))
    const { code, stdout } = await asked("unreachable", gone)
    assert.strictEqual(code, 2)
    assert.match(stdout, /no answer from https:\/\/127\.0\.0\.1:1: .*ECONNREFUSED.* \(tried 4 times\)/u)
    assert.match(stdout, /help Check the server that the kubeconfig names[\s\S]*next: attempt 2[\s\S]*given up/u)
  })

  it("has no kubeconfig: said at once, and not tried again", async () => {
    const { code, stdout } = await asked("unconfigured", join(folder, "nowhere"))
    assert.strictEqual(code, 2)
    assert.match(stdout, /nowhere: there is no such kubeconfig\n {2}help Name a kubeconfig with --kubeconfig/u)
    assert.notInclude(stdout, "attempt")
  })

  it("has a kubeconfig that does not parse, whose text is not echoed", async () => {
    const { code, text } = await asked("broken", await write("broken", "users: [{token: canary-8d3f\n"))
    assert.strictEqual(code, 2)
    assert.match(text, /broken: is not a kubeconfig/u)
    assert.notInclude(text, "canary")
  })

  it("is in another context: those that there are get named", async () => {
    const { code, stdout } = await asked("context", plane.adminKubeconfigFile, "--context", "prod")
    assert.strictEqual(code, 2)
    assert.match(stdout, /no context "prod" \(it has: admin\)/u)
  })
})

describe("a revision that does not render or judge", () => {
  const cases: ReadonlyArray<readonly [string, Files, RegExp, string?]> = [
    [
      "YAML that does not parse: file, line and column",
      { "app/a.yaml": "kind: ConfigMap\nmetadata:\n  name: a\n bad: 1\n" },
      /RenderFailed.*\n {2}app\/a\.yaml:4:\d+: .*column/u
    ],
    ["an alias bomb", { "a.yaml": aliases }, /RenderFailed.*\n {2}a\.yaml:\d+(?::\d+)?: more than 100 aliases/u],
    [
      "a kustomization that leaves the tree",
      { "app/kustomization.yaml": "resources:\n  - ../../../etc\n" },
      /RenderFailed.*\n {2}app\/kustomization\.yaml:2(?::\d+)?: "\.\.\/\.\.\/\.\.\/etc" is refused: it leads out of the repo/u,
      "  path: app\n"
    ],
    [
      "a chart that does not render",
      {
        "Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
        "templates/a.yaml": "kind: ConfigMap\nmetadata:\n  name: {{ .Values.nothing.name }}\n"
      },
      /RenderFailed.*\n {2}templates\/a\.yaml:3:\d+: helm: [\s\S]*nil pointer/u
    ],
    [
      "Rego that does not compile",
      { "a.yaml": configMap("rego"), "policies/p.rego": "package p\n\ndeny contains msg if {\n  msg := foo(1)\n}\n" },
      /PolicyUnavailable.*\n {2}policies\/p\.rego:4:\d+: undefined function foo\n {2}help /u
    ]
  ]
  for (const [index, [title, files, message, more]] of cases.entries()) {
    it(title, async () => {
      const { code, stdout } = await run(`render-${index}`, files, more)
      assert.strictEqual(code, 2, stdout)
      assert.match(stdout, message)
      assert.match(stdout, /\n {2}help \S/u)
    })
  }
})

describe("a file of Deliveries", () => {
  const cases: ReadonlyArray<readonly [string, string, RegExp]> = [
    [
      "with an unknown field: the nearest name",
      specOf("x", "url: \"https://git.example.com/x.git\", branch: main", "  polcy: {}\n"),
      /error: unknown field "polcy" in spec\n {2}at \S+:6:3\n {2}help: Did you mean "policy"\?/u
    ],
    ["that is no YAML", "a: [\n", /error: .*\n {2}at \S+:2:1\n {2}help: /u],
    [
      "without a Delivery",
      configMap("a"),
      /error: the kind "ConfigMap" does not belong here\n {2}at \S+:2:1\n {2}help: /u
    ]
  ]
  for (const [index, [title, text, message]] of cases.entries()) {
    it(title, async () => {
      const { code, stderr } = await once(await write(`file-${index}.yaml`, text))
      assert.strictEqual(code, 2)
      assert.match(stderr, message)
    })
  }

  it("that is not there", async () => {
    const { code, stderr } = await once(join(folder, "nowhere.yaml"))
    assert.strictEqual(code, 2)
    assert.match(stderr, /error: there is no such file\n {2}at \S+nowhere\.yaml\n {2}help: /u)
  })
})

describe("a cluster that refuses", () => {
  it("says which verb on which resource as whom: exit code 4", async () => {
    const url = await commit("refused", { "a.yaml": configMap("refused") })
    const nobody = await write("nobody", plane.user("nobody"))
    const { code, stdout } = await once(await delivery("refused", `url: "${url}", branch: main`), nobody)
    assert.strictEqual(code, 4, stdout)
    assert.match(stdout, /AccessDenied.*\n.*get configmaps as nobody: /u)
    assert.match(stdout, /\n {2}help Grant the verb/u)
  })

  it("does not know a field: its own line, the object, and the nearest name", async () => {
    const text = deployment("web", "web").replace("spec:\n", "spec:\n  replcias: 2\n")
    const { code, stdout } = await run("misspelt", { "app/web.yaml": text })
    assert.strictEqual(code, 2)
    assert.match(
      stdout,
      /DiffFailed.*\n {2}app\/web\.yaml:5:\d+: Deployment\/default\/web: \.spec\.replcias: .*\(did you mean replicas\?\)/u
    )
  })

  it("cannot change a field: what recreates the object", async () => {
    const more = "  apply: {wait: false}\n"
    assert.strictEqual((await run("immutable", { "a.yaml": deployment("fixed", "one") }, more)).code, 0)
    const { code, stdout } = await run("immutable", { "a.yaml": deployment("fixed", "two") }, more)
    assert.strictEqual(code, 2)
    assert.match(stdout, /DiffFailed.*\n {2}a\.yaml:\d+.*Deployment\/default\/fixed: .*spec\.selector: .*immutable/u)
    assert.match(stdout, /help spec\.selector cannot change in place.*sluice\.dev\/apply: Recreate/u)
  })

  it("does not get healthy in time: exit code 3, after one wait", async () => {
    const { code, stdout } = await run("slow", { "a.yaml": deployment("slow", "slow") }, "  apply: {timeout: 1s}\n")
    assert.strictEqual(code, 3, stdout)
    assert.match(
      stdout,
      /HealthTimeout.*\n {2}a\.yaml:\d+(?::\d+)?: Deployment\/default\/slow: not healthy after 1 s: .*\n {2}help /u
    )
    assert.lengthOf(stdout.match(/HealthTimeout/gu)!, 1)
  })

  it("would lose more than it may: confirmed by the digest that the message names", async () => {
    const maps = Object.fromEntries(["one", "two", "three", "four"].map((name) => [`${name}.yaml`, configMap(name)]))
    assert.strictEqual((await run("limit", maps)).code, 0)
    const blocked = await run("limit", { "one.yaml": configMap("one") })
    assert.strictEqual(blocked.code, 1)
    assert.match(blocked.stdout, /PruneBlocked.*\n {2}3 of 4 objects would be gone.*ConfigMap\/default\/two/u)
    const digest = /--confirm (sha256:\w{64})/u.exec(blocked.stdout)![1]!
    assert.strictEqual((await run("limit", { "one.yaml": configMap("one") }, "", "--confirm", digest)).code, 0)
    const { items } = await plane.request("GET", "/api/v1/namespaces/default/configmaps") as {
      items: ReadonlyArray<{ metadata: { name: string } }>
    }
    const names = items.map(({ metadata }) => metadata.name)
    assert.include(names, "one")
    for (const name of ["two", "three", "four"]) assert.notInclude(names, name)
  })
})

it("ends with 130 on SIGINT", async () => {
  const url = await commit("interrupted", { "a.yaml": configMap("interrupted") })
  const file = await delivery("interrupted", `url: "${url}", branch: main`)
  const { code, text } = await sluice(["run", "-f", file, "--kubeconfig", plane.adminKubeconfigFile], {
    signal: "SIGINT"
  })
  assert.strictEqual(code, 130)
  assert.notMatch(text, /\n\s+at \S+ \(/u)
}, 30_000)
