import { spawn } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { chmod, cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { delimiter, dirname, join, relative } from "node:path"
import { applyYaml } from "./AgentGround.ts"
import { AgentScene } from "./AgentScene.ts"
import { findPrograms } from "./controlplane/programs.ts"

const root = join(import.meta.dirname, "..", "..")
const crds = join(root, "deploy", "base", "crds")
const samples = join(root, "deploy", "samples")
/** What the samples call their repositories, and which of them it is. */
const shown = {
  shop: "https://gitlab.example.com/acme/shop.git",
  environments: "https://gitlab.example.com/acme/web-deploy.git"
}
type Shown = keyof typeof shown

const filesIn = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(folder, path), readFileSync(path, "utf8")])
  )

/** How a command ended, with all that a person sees of it. */
export interface Ran {
  readonly code: number | null
  readonly text: string
}

/** What the commands of the documentation run against: a cluster with an agent and a Delivery `shop`, and copied files. */
export class DocsGround {
  readonly scene: AgentScene
  readonly folder: string
  readonly #path: string
  readonly #repositories = new Map<Shown, string>()

  private constructor(scene: AgentScene, folder: string, path: string) {
    this.scene = scene
    this.folder = folder
    this.#path = path
  }

  static async start(): Promise<DocsGround> {
    const programs = await findPrograms(["kubectl", "kustomize", "helm", "opa"], console.error)
    const [scene, folder] = await Promise.all([
      AgentScene.start({ nodes: 1 }),
      mkdtemp(join(tmpdir(), "sluice-docs-"))
    ])
    const bin = await mkdtemp(join(tmpdir(), "sluice-docs-bin-"))
    const tool = async (name: string, text: string) => {
      await writeFile(join(bin, name), `#!/bin/sh\n${text}\n`)
      await chmod(join(bin, name), 0o755)
    }
    await tool("sluice", `exec "${process.execPath}" "${join(root, "src", "sluice.js")}" "$@"`)
    await tool("npx", "exec \"$@\"")
    const path = [bin, ...new Set([...programs.values()].map(dirname)), process.env.PATH].join(delimiter)
    const ground = new DocsGround(scene, folder, path)
    await ground.#settle()
    return ground
  }

  /** The Delivery of the pages: the sample of a tenant, on a repository that is there; all of it as kubectl applies it. */
  async #settle() {
    const { git, plane } = this.scene
    for (const file of readdirSync(crds).filter((name) => name.endsWith("s.yaml"))) {
      await applyYaml(plane, readFileSync(join(crds, file), "utf8"), "kubectl")
    }
    for (const name of Object.keys(shown) as ReadonlyArray<Shown>) {
      const repository = await git.repository(name)
      await repository.commit(filesIn(join(samples, name)), "Sell something")
      this.#repositories.set(name, repository.url)
    }
    await applyYaml(plane, this.real(await readFile(join(samples, "tenant.yaml"), "utf8")), "kubectl")
    await this.scene.ready("shop/shop", "", 60_000)
  }

  /** A text with addresses that answer in place of those that are shown. */
  real(text: string): string {
    return (Object.entries(shown) as ReadonlyArray<[Shown, string]>)
      .reduce((text, [name, address]) => text.replaceAll(address, this.#repositories.get(name)!), text)
  }

  /** A folder of its own for a page, with what its commands read; the samples name repositories that are there. */
  async sandbox(): Promise<string> {
    const folder = await mkdtemp(join(this.folder, "page-"))
    for (const name of ["deploy", "policies"]) await cp(join(root, name), join(folder, name), { recursive: true })
    const copied = join(folder, "deploy", "samples")
    for (
      const path of readdirSync(copied, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".yaml"))
    ) {
      const file = join(copied, path)
      await writeFile(file, this.real(await readFile(file, "utf8")))
    }
    return folder
  }

  /** Runs a line as a person would type it; `cd` lasts. */
  run(command: string, cwd: string): Promise<Ran & { readonly cwd: string }> {
    const mark = "::cwd::"
    const script = `${command}\nsluice_code=$?\nprintf '\\n${mark}%s' "$PWD"\nexit $sluice_code`
    return new Promise((resolve, reject) => {
      const child = spawn("sh", ["-c", script], {
        cwd,
        env: {
          PATH: this.#path,
          HOME: process.env.HOME,
          KUBECONFIG: this.scene.plane.adminKubeconfigFile,
          NO_COLOR: "1",
          GIT_CONFIG_GLOBAL: "/dev/null"
        },
        stdio: ["ignore", "pipe", "pipe"]
      })
      let text = ""
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => text += String(chunk))
      child.on("error", reject)
      child.on("close", (code) => {
        for (const [name, url] of this.#repositories) text = text.replaceAll(url, shown[name])
        const at = text.lastIndexOf(`\n${mark}`)
        const end = at === -1 ? text.length : text.indexOf("\n", at + 1)
        const now = at === -1 ? cwd : text.slice(at + 1 + mark.length, end === -1 ? undefined : end)
        resolve({ code, text: at === -1 ? text : text.slice(0, at), cwd: now })
      })
    })
  }

  async stop() {
    await this.scene.stop()
    await Promise.all(
      [this.folder, dirname(this.#path.split(delimiter)[0]! + "/x")].map((folder) =>
        rm(folder, { recursive: true, force: true, maxRetries: 3 })
      )
    )
  }
}
