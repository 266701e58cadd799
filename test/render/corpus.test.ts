import { assert, describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import { join, resolve } from "node:path"
import { key } from "../../src/domain/ObjectRef.ts"
import { filesOf } from "./MemoryArtifact.ts"
import * as renderTest from "./renderTest.ts"
import { render } from "./renderTest.ts"

const corpus = process.env.SLUICE_CORPUS ?? resolve(import.meta.dirname, "../../../shared/corpus")

/** Folder of the corpus, path in it, what the delivery says, and how many objects come of it. */
const cases: ReadonlyArray<readonly [string, string, object, number]> = [
  ["podinfo", "kustomize", {}, 3],
  ["podinfo", "charts/podinfo", {}, 2],
  ["podinfo", "charts/podinfo", { helm: { valuesFiles: ["values-prod.yaml"], values: { replicaCount: 4 } } }, 6],
  ["argocd-example-apps", "guestbook", {}, 2],
  ["argocd-example-apps", "kustomize-guestbook", {}, 2],
  ["argocd-example-apps", "helm-guestbook", {}, 2],
  ["online-boutique", "kustomize", {}, 35],
  ["online-boutique", "helm-chart", {}, 35],
  ["online-boutique", "release/kubernetes-manifests.yaml", {}, 35],
  ["kube-prometheus", "manifests", {}, 100],
  ["kube-prometheus", "", {}, 100]
]

if (existsSync(corpus)) {
  layer(renderTest.layer())("published manifests", (it) => {
    for (const [folder, path, spec, atLeast] of cases) {
      it.effect(`${folder}/${path} ${JSON.stringify(spec)}`, () =>
        Effect.gen(function*() {
          const files = filesOf(join(corpus, folder))
          const { manifests } = yield* render(files, { path, ...spec })
          assert.isAtLeast(manifests.length, atLeast)
          assert.strictEqual(new Set(manifests.map(({ ref }) => key(ref))).size, manifests.length)
          for (const { origin } of manifests) assert.property(files, origin.file)
        }), 60_000)
    }
  })
} else {
  describe("published manifests", (it) => {
    it(`are not at ${corpus}: nothing to render; SLUICE_CORPUS names another folder`, () => {})
  })
}
