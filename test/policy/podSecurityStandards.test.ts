import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parse } from "yaml"
import { run } from "../../src/policy/opa.ts"
import { toolsDirectory } from "../../src/programs/pins.ts"
import { Programs } from "../../src/programs/Programs.ts"
import { Base } from "./gate.ts"
import { folder, profiles } from "./shipped.ts"

/** Kubernetes' own module, of the version that is pinned, where Go has it already; nothing is downloaded. */
const kubernetes = (() => {
  try {
    return execFileSync("go", ["list", "-m", "-f", "{{.Dir}}", "k8s.io/pod-security-admission"], {
      cwd: join(toolsDirectory, "kubernetes"),
      encoding: "utf8",
      env: { ...process.env, GOPROXY: "off", GOFLAGS: "-mod=readonly" },
      stdio: ["ignore", "pipe", "ignore"]
    }).trim()
  } catch {
    return ""
  }
})()

const testdata = join(kubernetes, "test", "testdata")

/** The newest version that it has pods for: v1.35 and so on. */
const newest = (level: string) =>
  readdirSync(join(testdata, level)).sort((a, b) => Number(a.split(".")[1]) - Number(b.split(".")[1])).at(-1)!

const podsOf = (level: string, verdict: "pass" | "fail") => {
  const below = join(testdata, level, newest(level), verdict)
  return readdirSync(below).sort().map((name) => ({
    name: `${level}/${verdict}/${name}`,
    pod: parse(readFileSync(join(below, name), "utf8")) as unknown
  }))
}

const question = `{name: policies |
  some name, pod in input
  policies := {replace(policy, "_", "-") |
    some policy
    violations := data.library.pod_security[policy].deny with input as pod
    count(violations) > 0
  }
}`

/** The policies of a level that deny each pod, by OPA itself. */
const deniedBy = Effect.fnUntraced(function*(level: string) {
  const opa = yield* (yield* Programs).path("opa")
  const pods = [...podsOf(level, "pass"), ...podsOf(level, "fail")]
  const scratch = yield* Effect.promise(() => mkdtemp(join(tmpdir(), "sluice-test-")))
  yield* Effect.addFinalizer(() => Effect.promise(() => rm(scratch, { recursive: true })))
  const input = join(scratch, "pods.json")
  const text = JSON.stringify(Object.fromEntries(pods.map(({ name, pod }) => [name, pod])))
  yield* Effect.promise(() => writeFile(input, text))
  const asked = ["eval", "-f", "raw", "-d", "lib", "-d", "rules/pod-security", "-i", input, question]
  const { stderr, stdout } = yield* run(opa, folder, asked)
  assert.notStrictEqual(stdout, "", stderr)
  const answers = JSON.parse(stdout) as Record<string, ReadonlyArray<string>>
  const known = new Set(profiles[`pod-security/${level}`]!.map((policy) => policy.split("/")[1]!))
  return pods.map(({ name }) => ({ name, policies: answers[name]!.filter((policy) => known.has(policy)) }))
})

layer(Base)("the Pod Security Standards, by Kubernetes' own pods", (it) => {
  for (const level of ["baseline", "restricted"]) {
    it.effect.skipIf(kubernetes === "")(`judges each pod of ${level} as Kubernetes does`, () =>
      Effect.gen(function*() {
        const judged = yield* deniedBy(level)
        assert.isAbove(judged.length, 40)
        assert.deepStrictEqual(
          judged.filter(({ name, policies }) => name.includes("/pass/") !== (policies.length === 0)),
          []
        )
      }), 60_000)
  }
})
