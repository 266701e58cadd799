import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parse } from "../../src/cli/DeliveryFile.ts"
import { repositoryWaivers } from "../../src/policy/repositoryWaivers.ts"
import { startControlPlane } from "../support/ControlPlane.ts"
import { startGitServer } from "../support/GitServer.ts"
import { shop } from "../support/shop.ts"
import { sluice as runProgram } from "../support/Sluice.ts"

const root = join(import.meta.dirname, "..", "..")
const readme = readFileSync(join(root, "README.md"), "utf8")
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, "gmu"))].map((match) => match[1]!)

/** The first Delivery, with what stands beside it. */
const delivery = blocks("yaml").find((block) => block.includes("kind: Delivery"))!

const sluice = (args: ReadonlyArray<string>) => runProgram(args, { cwd: root })

const commands = blocks("sh").flatMap((block) => block.split("\n"))
  .map((line) => line.replace(/#.*$/u, "").trim()).filter((line) => line.startsWith("npx sluice "))
  .map((line) => line.slice("npx sluice ".length).split(/\s+/u))

describe("README", () => {
  it("shows YAML that Sluice takes", () => {
    for (const block of blocks("yaml")) {
      if (block.startsWith("waivers:")) {
        assert.isTrue(Result.isSuccess(repositoryWaivers("policies/waivers.yaml", Buffer.from(block))))
        continue
      }
      // What stands beside Deliveries is taken beside one.
      const parsed = parse("README.md", block.includes("kind: Delivery") ? block : `${delivery}---\n${block}`)
      assert.isTrue(Result.isSuccess(parsed), JSON.stringify(parsed))
    }
  })

  const shown = blocks("console").join("").split(/^\$ npx sluice /mu).slice(1).map((text) => {
    const [command = "", ...output] = text.split("\n")
    return { args: command.split(" "), output: output.join("\n") }
  })
  for (const { args, output } of shown.filter(({ args }) => args[0] === "check")) {
    it(`shows what \`sluice ${args.join(" ")}\` says`, async () => {
      const { stderr, stdout } = await sluice(args)
      assert.strictEqual(stdout, output)
      assert.strictEqual(stderr, "")
    }, 60_000)
  }

  it("shows what a new policy is made of, and what its tests say", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sluice-readme-"))
    try {
      for (const { args, output } of shown.filter(({ args: [verb] }) => verb === "policy" || verb === "test")) {
        assert.strictEqual((await runProgram(args, { cwd: folder })).stdout, output)
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }, 60_000)

  it("shows what a run says, figures and hashes apart", async () => {
    const [plane, git] = await Promise.all([startControlPlane({ nodes: 1 }), startGitServer()])
    const folder = await mkdtemp(join(tmpdir(), "sluice-readme-"))
    try {
      const repository = await git.repository("shop")
      await repository.commit(shop(), "Sell something")
      const text = delivery.split("---\n")[0]!
        .replace(/git: \{.*\}/u, `git: {url: "${repository.url}", branch: main}`).replace(/ {2}notify: .*\n/u, "")
      await writeFile(join(folder, "delivery.yaml"), text)
      const { args, output } = shown.find(({ args }) => args[0] === "run")!
      const answer = await runProgram([...args, "--kubeconfig", plane.adminKubeconfigFile], { cwd: folder })
      const plain = (text: string) =>
        text.replace(/\d+(\.\d+)? m?s/gu, "some ms").replace(/\b[0-9a-f]{8,40}\b/gu, "hash").replace(/ +/gu, " ")
      assert.strictEqual(plain(answer.stderr + answer.stdout), plain(output))
    } finally {
      await Promise.all([plane.stop(), git.stop(), rm(folder, { recursive: true, force: true })])
    }
  }, 90_000)

  it("shows only verbs and flags that there are", async () => {
    for (const [verb, ...args] of [...commands, ...shown.map(({ args }) => args)]) {
      const { stdout } = await sluice([verb!, "--help"])
      for (const flag of args.filter((arg) => arg.startsWith("-"))) assert.include(stdout, flag)
    }
  })

  it("starts by `npx sluice`, which takes an executable file", () => {
    assert.notStrictEqual(statSync(join(root, "src", "sluice.js")).mode & 0o111, 0)
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
