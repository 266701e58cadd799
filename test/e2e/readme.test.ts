import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { execFile } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { parse } from "../../src/cli/DeliveryFile.ts"

const root = join(import.meta.dirname, "..", "..")
const readme = readFileSync(join(root, "README.md"), "utf8")
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, "gmu"))].map((match) => match[1]!)

const sluice = (args: ReadonlyArray<string>) =>
  promisify(execFile)(process.execPath, [join(root, "src", "sluice.js"), ...args], { cwd: root, timeout: 60_000 })
    .then(({ stderr, stdout }) => ({ code: 0, stdout, stderr }))
    .catch((error) => ({ code: error.code as number, stdout: String(error.stdout), stderr: String(error.stderr) }))

const commands = blocks("sh").flatMap((block) => block.split("\n"))
  .map((line) => line.replace(/#.*$/u, "").trim()).filter((line) => line.startsWith("npx sluice "))
  .map((line) => line.slice("npx sluice ".length).split(/\s+/u))

describe("README", () => {
  it("shows YAML that Sluice takes", () => {
    for (const block of blocks("yaml")) {
      const parsed = parse("README.md", block)
      assert.isTrue(Result.isSuccess(parsed), JSON.stringify(parsed))
    }
  })

  for (const args of commands.filter(([verb]) => verb === "check")) {
    it(`shows \`sluice ${args.join(" ")}\`, which passes`, async () => {
      const { code, stderr, stdout } = await sluice(args)
      assert.strictEqual(code, 0, stderr + stdout)
    }, 60_000)
  }

  it("shows only verbs and flags that there are", async () => {
    for (const [verb, ...args] of commands) {
      const { stdout } = await sluice([verb!, "--help"])
      for (const flag of args.filter((arg) => arg.startsWith("-"))) assert.include(stdout, flag)
    }
  })

  it("runs the scripts that package.json has", () => {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object }
    for (const [, script] of readme.matchAll(/npm run (\w+)/gu)) assert.property(scripts, script!)
  })
})

describe("npm ci", () => {
  it("finds the programs of every platform in the lock file, or refuses on all of them", () => {
    const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
      packages: Record<string, { optionalDependencies?: Record<string, string> }>
    }
    const missing = Object.values(packages).flatMap((one) => Object.keys(one.optionalDependencies ?? {}))
      .filter((name) => !(`node_modules/${name}` in packages))
    assert.deepStrictEqual(missing, [])
  })
})

describe("samples", () => {
  const samples = join(root, "deploy", "samples")
  for (const file of readdirSync(samples).filter((name) => /^delivery.*\.yaml$/u.test(name))) {
    it(`${file} is a file of Deliveries`, () => {
      const parsed = parse(file, readFileSync(join(samples, file), "utf8"))
      assert.isTrue(Result.isSuccess(parsed), JSON.stringify(parsed))
    })
  }

  for (const environment of ["dev", "prod"]) {
    it(`the shop's ${environment} passes its own policies`, async () => {
      const { code, stderr, stdout } = await sluice(["check", `deploy/samples/shop/environments/${environment}`])
      assert.strictEqual(code, 0, stderr + stdout)
    }, 60_000)
  }
})
