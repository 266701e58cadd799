import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { mkdir, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { parseAllDocuments } from "yaml"
import { commandLine } from "../../src/cli/commandLine.ts"
import { isJsonObject, type JsonObject } from "../../src/domain/Json.ts"
import { repositoryWaivers } from "../../src/policy/repositoryWaivers.ts"
import { type LiveDelivery, pathOf } from "../support/AgentGround.ts"
import { DocsGround } from "../support/DocsGround.ts"
import { type Block, blocksOf, commandsOf, fits, folderOf, shownIn, sluicesIn } from "../support/markdown.ts"

const root = join(import.meta.dirname, "..", "..")
const read = (file: string) => readFileSync(join(root, file), "utf8")

/** In the order in which an operator reads them: a page goes on where the one before it ended. */
const first = ["quickstart", "environments", "production", "multi-tenancy", "gitlab", "troubleshooting", "upgrade"]
const written = readdirSync(join(root, "deploy", "docs")).filter((name) => name.endsWith(".md"))
  .map((name) => name.slice(0, -".md".length))
const pages = [
  "deploy/README.md",
  ...[...first, ...written.filter((name) => !first.includes(name)).sort()].map((name) => `deploy/docs/${name}.md`)
]
const all = new Map(pages.map((page) => [page, blocksOf(page, read(page))]))
const blocks = [...all.values()].flat()
const readme = blocksOf("README.md", read("README.md"))

const shells = new Set(["sh", "console"])

/** Programs of somebody else that no test has. */
const external = /(?:^|[\s;(&|])(docker|podman|kind|glab|cosign|sudo|yq)\s/u

/** Why a block is not run: its mark says so, or it calls what is not here. */
const whyNot = ({ info, language, text }: Block): string | undefined =>
  info.startsWith("no-run")
    ? info.slice("no-run".length).trim()
    : shells.has(language) && external.test(text)
    ? `needs ${external.exec(text)?.[1]}`
    : undefined

const isRun = (block: Block) => whyNot(block) === undefined
const lines = ({ language, text }: Block): ReadonlyArray<string> =>
  language === "console" ? shownIn(text).map(({ command }) => command) : commandsOf(text)

describe("the documentation", () => {
  it("uses only verbs and flags that there are", () => {
    for (const block of [...blocks, ...readme].filter(({ language }) => shells.has(language))) {
      for (const args of lines(block).flatMap(sluicesIn)) {
        const asked = commandLine(args)
        const mistakes = asked._tag === "Wrong" ? asked.mistakes.map(({ detail }) => detail) : []
        assert.deepStrictEqual(mistakes, [], `${block.where}: sluice ${args.join(" ")}`)
      }
    }
  })

  it("has every page on its map", () => {
    const map = read("deploy/README.md")
    assert.deepStrictEqual(written.filter((name) => !map.includes(`(docs/${name}.md)`)), [])
  })

  it("links to pages and sections that there are", () => {
    for (const page of pages) {
      for (const [, target = ""] of read(page).matchAll(/\]\(([^)]+)\)/gu)) {
        if (/^https?:/u.test(target)) continue
        const [file = "", anchor] = target.split("#")
        const path = file === "" ? page : join(dirname(page), file)
        assert.isTrue(existsSync(join(root, path)), `${page}: ${target}`)
        if (anchor === undefined) continue
        const titles = [...read(path).matchAll(/^#+ (.+)$/gmu)]
          .map(([, title]) => title!.toLowerCase().replace(/[^a-z0-9 -]/gu, "").replaceAll(" ", "-"))
        assert.include(titles, anchor, `${page}: ${target}`)
      }
    }
  })

  it("proves its promises by tests that there are", () => {
    for (const page of pages) {
      const text = read(page)
      for (const [, file = ""] of text.matchAll(/`(test\/[\w/]+\.ts)`/gu)) {
        assert.isTrue(existsSync(join(root, file)), `${page}: ${file}`)
      }
      for (const [, file = "", name = ""] of text.matchAll(/`(test\/[\w/]+\.ts)`: "([^"]+)"/gu)) {
        assert.include(read(file), `"${name}"`, page)
      }
    }
  })

  it("shows JSON that is JSON", () => {
    for (const { text, where } of [...blocks, ...readme].filter(({ language }) => language === "json")) {
      assert.doesNotThrow(() => JSON.parse(text), where)
    }
  })

  it("marks what cannot run here, with the reason, and that is little", () => {
    const commands = blocks.filter(({ language }) => shells.has(language))
    const marked = commands.filter((block) => !isRun(block))
    const lines = marked.map((block) => `  ${block.where}: ${whyNot(block)}`)
    console.log([`${marked.length} of ${commands.length} blocks of commands are not run:`, ...lines].join("\n"))
    for (const block of marked) assert.isNotEmpty(whyNot(block), block.where)
  })
})

describe("the documentation, on a cluster", () => {
  let ground: DocsGround
  beforeAll(async () => {
    ground = await DocsGround.start()
  }, 180_000)
  afterAll(() => ground?.stop())

  /** The namespace of an object is made where it is not there. */
  const inNamespace = async (object: JsonObject) => {
    const { namespace } = (object as unknown as Parameters<typeof pathOf>[0]).metadata
    if (namespace === undefined) return
    const made = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }
    const path = `/api/v1/namespaces/${namespace}?fieldManager=docs`
    await ground.scene.plane.request("PATCH", path, made, "application/apply-patch+yaml")
  }

  const dryRun = async (object: JsonObject) => {
    const named = object as unknown as Parameters<typeof pathOf>[0]
    await inNamespace(object)
    const path = `${pathOf(named)}?dryRun=All&fieldValidation=Strict&fieldManager=docs-dry&force=true`
    await ground.scene.plane.request("PATCH", path, object, "application/apply-patch+yaml")
  }

  /** A kustomization of the reader's own, beside a copy of `deploy`, or among its overlays. */
  const builds = async (text: string) => {
    const sandbox = await ground.sandbox()
    const folder = text.includes("../deploy/") ? join(sandbox, "own") : join(sandbox, "deploy", "overlays", "own")
    await mkdir(folder)
    await writeFile(join(folder, "kustomization.yaml"), text)
    const built = await ground.run("kubectl kustomize .", folder)
    assert.strictEqual(built.code, 0, built.text)
  }

  for (const block of [...blocks, ...readme].filter((block) => block.language === "yaml" && isRun(block))) {
    it(`${block.where}: the API server takes it`, async () => {
      if (block.text.startsWith("waivers:")) {
        return assert.isTrue(Result.isSuccess(repositoryWaivers("waivers.yaml", Buffer.from(block.text))))
      }
      // As kubectl reads it: an unquoted `on` is true.
      for (const document of parseAllDocuments(block.text, { uniqueKeys: true, version: "1.1" })) {
        assert.deepStrictEqual(document.errors, [])
        const object = document.toJS() as JsonObject
        if (!isJsonObject(object) || typeof object.kind !== "string") {
          // A job of GitLab's: what it calls of ours is there.
          const scripts = Object.values(object ?? {}).flatMap((job) => isJsonObject(job) ? job.script ?? [] : [])
          for (const args of scripts.flat().flatMap((line) => sluicesIn(String(line)))) {
            assert.notStrictEqual(commandLine(args)._tag, "Wrong", args.join(" "))
          }
        } else if (String(object.apiVersion).startsWith("kustomize.config.k8s.io/")) await builds(block.text)
        else await dryRun(object)
      }
    })
  }

  const samples = join(root, "deploy", "samples")
  /** A patch is no object: it is applied with the kustomization that names it. */
  const patches = new Set(["shop/environments/prod/checkout.yaml"])
  const sampleFiles = readdirSync(samples, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".yaml") && !patches.has(name))
  const isKustomization = (file: string) => file.endsWith("kustomization.yaml")

  for (const file of sampleFiles) {
    it(`deploy/samples/${file}: kubectl applies it, on the client's side and on the server's`, async () => {
      const what = isKustomization(file) ? ["-k", dirname(file)] : ["-f", file]
      const text = isKustomization(file)
        ? (await ground.run(`kubectl kustomize ${dirname(file)}`, samples)).text
        : read(join("deploy", "samples", file))
      for (const document of parseAllDocuments(text)) await inNamespace(document.toJS() as JsonObject)
      for (const side of ["", "--server-side --field-manager=docs-dry --force-conflicts"]) {
        const ran = await ground.run(`kubectl apply --dry-run=server ${side} ${what.join(" ")}`, samples)
        assert.strictEqual(ran.code, 0, ran.text)
      }
    })
  }

  /** Runs commands one after another, from a folder on; `done` are not run twice, unless their output is shown. */
  const follow = async (cwd: string, found: ReadonlyArray<Block>, isWanted: (command: string) => boolean) => {
    const done = new Set<string>()
    let folder = cwd
    for (const { language, text, where } of found) {
      const steps = language === "console"
        ? shownIn(text)
        : commandsOf(text).map((command) => ({ command, output: undefined }))
      for (const { command, output } of steps) {
        const key = `${folder} ${command}`
        if (!isWanted(command) || output === undefined && done.has(key)) continue
        done.add(key)
        const ran = await ground.run(command, folder)
        folder = ran.cwd
        if (output === undefined) {
          // Of Sluice 1 is an answer: it differs, it is denied, something is not well.
          const isAnswered = ran.code === 0 || ran.code === 1 && sluicesIn(command).length > 0
          assert.isTrue(isAnswered, `${where}: ${command}\n${ran.text}`)
        } else if (!fits(ran.text, output)) assert.strictEqual(ran.text, output, `${where}: ${command}`)
      }
    }
  }

  it("README.md: its commands run, and show what is shown", { timeout: 120_000 }, async () => {
    const sandbox = await ground.sandbox()
    const sample = join(sandbox, "deploy", "samples", "shop")
    // What it says to write: a policy, and a file of a Delivery, without the Secrets of the one that is shown.
    const [delivery = ""] = readme.find(({ text }) => text.includes("kind: Delivery"))!.text.split("---\n")
    const own = delivery.replace("namespace: shop-prod", "namespace: default").replace(/, secretRef: .*\}/u, "}")
      .replace(/ +notify: .*\n/u, "")
    await writeFile(join(sample, "delivery.yaml"), ground.real(own))
    await ground.run("sluice policy new owner-label", sample)
    const found = readme.filter((block) => shells.has(block.language) && isRun(block))
    await follow(sandbox, found.filter(({ language }) => language === "sh"), (command) => command.startsWith("kubectl"))
    // Somebody took something away, and it came back.
    await ground.run("kubectl -n shop scale deployment/checkout --replicas=5", sandbox)
    const isHealed = ({ status }: LiveDelivery) => status?.drift?.last?.action === "healed"
    await ground.scene.deliveries.delivery("shop/shop", "is healed", isHealed)
    const isOfCluster = (command: string) => /^npx sluice (?:get|explain) /u.test(command)
    await follow(sandbox, found.filter(({ language }) => language === "console"), isOfCluster)
    // readme.test.ts has the other consoles: check, policy, test and run.
    for (const block of found.filter(({ language }) => language === "sh")) {
      for (const command of commandsOf(block.text).filter((command) => command.startsWith("npx "))) {
        const { code, text } = await ground.run(command, sample)
        assert.isTrue(code === 0 || code === 1, `${block.where}: ${command}\n${text}`)
      }
    }
  })

  for (const [page, ofPage] of all) {
    const found = ofPage.filter((block) => shells.has(block.language) && isRun(block))
    if (found.length === 0) continue
    it(`${page}: its commands run, and show what is shown`, { timeout: 120_000 }, async () => {
      await follow(join(await ground.sandbox(), folderOf(read(page))), found, () => true)
    })
  }
})
