import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { folderArtifact } from "../../src/fetch/folder.ts"
import { Render } from "../../src/render/Render.ts"
import * as renderTest from "./renderTest.ts"
import { capabilities, delivery } from "./renderTest.ts"

const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"

/** A repository on this machine with a neighbour whose files are none of its business. */
const repository = Effect.acquireRelease(
  Effect.sync(() => {
    const root = mkdtempSync(join(tmpdir(), "sluice-links-"))
    mkdirSync(join(root, "neighbour"))
    writeFileSync(join(root, "neighbour", "secret.yaml"), configMap.replace("a}", "stolen}"))
    writeFileSync(join(root, "neighbour", "kustomization.yaml"), "resources: [secret.yaml]\n")
    mkdirSync(join(root, "own", "app", "templates"), { recursive: true })
    return { root, own: join(root, "own"), app: join(root, "own", "app") }
  }),
  ({ root }) => Effect.sync(() => rmSync(root, { recursive: true, force: true }))
)

const renderFolder = Effect.fnUntraced(function*(folder: string, spec: Readonly<Record<string, unknown>> = {}) {
  const stage = yield* Render
  const artifact = yield* folderArtifact(folder, { files: 1_000, fileBytes: 1_000_000 })
  const closure = yield* stage.closure(delivery({ path: "app", ...spec }), artifact)
  return yield* stage.render(delivery({ path: "app", ...spec }), closure, capabilities)
})

layer(renderTest.layer())("links", (it) => {
  const leaving: ReadonlyArray<readonly [string, string, string, Readonly<Record<string, string>>]> = [
    ["a file of a folder of YAML", "../../neighbour/secret.yaml", "app/x.yaml", {}],
    ["a folder of YAML", "../../neighbour", "app/x", {}],
    ["a resource", "../../neighbour/secret.yaml", "app/x.yaml", { "app/kustomization.yaml": "resources: [x.yaml]" }],
    ["a base", "../../neighbour", "app/x", { "app/kustomization.yaml": "resources: [x]" }],
    ["a generator's file", "/etc/passwd", "app/x", {
      "app/kustomization.yaml": "configMapGenerator: [{name: a, files: [x]}]"
    }],
    ["values of a chart", "/proc/self/environ", "app/values.yaml", {
      "app/Chart.yaml": "apiVersion: v2\nname: a\nversion: 1.0.0\n"
    }],
    ["a template", "../../../neighbour/secret.yaml", "app/templates/x.yaml", {
      "app/Chart.yaml": "apiVersion: v2\nname: a\nversion: 1.0.0\n"
    }]
  ]
  for (const [what, target, link, files] of leaving) {
    it.effect(`that leave the repository are refused: ${what}`, () =>
      Effect.gen(function*() {
        const { own } = yield* repository
        for (const [path, text] of Object.entries(files)) writeFileSync(join(own, path), text)
        symlinkSync(target, join(own, link))
        const error = yield* Effect.flip(renderFolder(own))
        assert.strictEqual(error._tag, "RenderFailed")
        assert.match(error.message, /is refused: it is a link|leads out of the repository/)
        assert.notMatch(error.message, /stolen|root:/)
      }))
  }

  it.effect("that stay in the repository are followed, and become files", () =>
    Effect.gen(function*() {
      const { app, own } = yield* repository
      writeFileSync(join(own, "shared.yaml"), configMap)
      symlinkSync("../shared.yaml", join(app, "x.yaml"))
      const plain = yield* renderFolder(own)
      writeFileSync(join(app, "kustomization.yaml"), "resources: [x.yaml]")
      const built = yield* renderFolder(own)
      for (const { manifests } of [plain, built]) {
        assert.deepStrictEqual(manifests.map(({ ref, origin }) => [ref.name, origin.file]), [["a", "app/x.yaml"]])
      }
    }))
})
