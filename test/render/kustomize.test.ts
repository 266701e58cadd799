import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { displayOrigin } from "../../src/domain/Manifest.ts"
import { display } from "../../src/domain/ObjectRef.ts"
import * as renderTest from "./renderTest.ts"
import { render } from "./renderTest.ts"

const deployment = `# the shop
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: log
        image: log:1
      - name: app
        image: app:1
        ports: [{containerPort: 80}]
`
const shop = {
  "base/kustomization.yaml": `resources:
- deployment.yaml
- more.yaml
configMapGenerator:
- name: settings
  files: [app.conf, renamed=sub/other.conf]
  envs: [app.env]
`,
  "base/deployment.yaml": deployment,
  "base/more.yaml": `apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: web-admin}
spec: {ports: [{port: 81}]}
`,
  "base/app.conf": "a=1",
  "base/sub/other.conf": "b=2",
  "base/app.env": "C=3\n",
  "overlays/prod/kustomization.yaml": `namePrefix: prod-
namespace: shop-prod
resources: [../../base]
components: [../../components/logging]
patches:
- path: patch.yaml
- target: {kind: Deployment, name: web}
  patch: |-
    - op: add
      path: /spec/template/spec/priorityClassName
      value: high
images:
- name: log
  newTag: "2"
`,
  "overlays/prod/patch.yaml": `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  template:
    spec:
      containers:
      - name: app
        image: app:2
`,
  "components/logging/kustomization.yaml": `apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
patches: [{path: log.yaml}]
`,
  "components/logging/log.yaml": `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec: {template: {spec: {hostNetwork: true}}}
`,
  "elsewhere/secret.yaml": "not read"
}

layer(renderTest.layer())("a kustomization", (it) => {
  it.effect("gives every object with the file and line that it was made from", () =>
    Effect.gen(function*() {
      const { manifests } = yield* render(shop, { path: "overlays/prod" })
      const told = manifests.map(({ ref, origin }) =>
        `${display(ref).replace(/-[0-9a-z]{10}$/u, "")} ${displayOrigin(origin)}`
      )
      assert.deepStrictEqual(told.sort(), [
        "ConfigMap/shop-prod/prod-settings base/kustomization.yaml:5",
        "Deployment/shop-prod/prod-web base/deployment.yaml:2",
        "Service/shop-prod/prod-web base/more.yaml:1",
        "Service/shop-prod/prod-web-admin base/more.yaml:6"
      ])
      assert.isTrue(manifests.every(({ json }) => !json.includes("config.kubernetes.io/origin")))
    }))

  it.effect("finds fields in patches first, then in the base, and never guesses", () =>
    Effect.gen(function*() {
      const { manifests, locate } = yield* render(shop, { path: "overlays/prod" })
      const web = manifests.find(({ ref }) => ref.kind === "Deployment")!
      const container = (index: number) => ["spec", "template", "spec", "containers", index] as const
      const place = (path: ReadonlyArray<string | number>) => Effect.map(locate(web, path), displayOrigin)
      assert.strictEqual(yield* place(["spec", "replicas"]), "overlays/prod/patch.yaml:5")
      const [first, second] = [at(web.object, 0), at(web.object, 1)]
      const app = first === "app" ? 0 : 1
      assert.deepStrictEqual([first, second].sort(), ["app", "log"])
      assert.strictEqual(yield* place([...container(app), "image"]), "overlays/prod/patch.yaml:10")
      assert.strictEqual(yield* place([...container(1 - app), "image"]), "overlays/prod/kustomization.yaml:13")
      assert.strictEqual(yield* place([...container(app), "ports", 0, "containerPort"]), "base/deployment.yaml:17")
      assert.strictEqual(yield* place(["spec", "template", "spec", "hostNetwork"]), "components/logging/log.yaml:4")
      assert.strictEqual(
        yield* place(["spec", "template", "spec", "priorityClassName"]),
        "overlays/prod/kustomization.yaml:8"
      )
      assert.strictEqual(yield* place(["metadata", "name"]), "base/deployment.yaml:2")
    }))

  it.effect("tells apart what bears the same words in its name, and items of lists", () =>
    Effect.gen(function*() {
      const service = (name: string) => `{apiVersion: v1, kind: Service, metadata: {name: ${name}}, spec: {x: ${name}}}`
      const { locate, manifests } = yield* render({
        "kustomization.yaml": "namePrefix: prod-\nresources: [many.yaml, list.yaml]\n",
        "many.yaml": ["web", "prod", "web-prod"].map(service).join("\n---\n"),
        "list.yaml": `apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: web, namespace: a}}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: web, namespace: b}, data: {k: v}}
`
      })
      const told = manifests.map(({ origin, ref }) => `${ref.name} ${displayOrigin(origin)}`)
      assert.deepStrictEqual(told, [
        "prod-web many.yaml:1",
        "prod-prod many.yaml:3",
        "prod-web-prod many.yaml:5",
        "prod-web list.yaml:4",
        "prod-web list.yaml:5"
      ])
      assert.deepStrictEqual(yield* locate(manifests[4]!, ["data", "k"]), { file: "list.yaml", line: 5, column: 81 })
    }))

  it.effect("overwrites an origin that somebody forged", () =>
    Effect.gen(function*() {
      const { manifests } = yield* render({
        "kustomization.yaml": "resources: [a.yaml]\n",
        "a.yaml": `apiVersion: v1
kind: ConfigMap
metadata:
  name: a
  annotations: {config.kubernetes.io/origin: "path: ../../../etc/passwd", mine: stays}
`
      })
      assert.deepStrictEqual(manifests[0]?.origin, { file: "a.yaml", line: 1 })
      assert.deepStrictEqual(manifests[0]?.object.metadata, {
        name: "a",
        namespace: "shop",
        annotations: { mine: "stays" }
      })
    }))

  it.effect("keeps nothing of one revision in the next", () =>
    Effect.gen(function*() {
      const file = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`
      const first = yield* render({
        "kustomization.yaml": "resources: [a, b.yaml]",
        "a": file("a"),
        "b.yaml": file("b")
      })
      const second = yield* render({
        "kustomization.yaml": "resources: [a, b.yaml]",
        "a/kustomization.yaml": "resources: [x.yaml]",
        "a/x.yaml": file("x"),
        "b.yaml": file("c")
      })
      const third = yield* render({ "kustomization.yaml": "resources: [a]", "a": file("a") })
      const names = [first, second, third].map(({ manifests }) => manifests.map(({ ref }) => ref.name).sort())
      assert.deepStrictEqual(names, [["a", "b"], ["c", "x"], ["a"]])
    }))

  const bad = (kustomization: string, more: Readonly<Record<string, string>> = {}) => ({
    "app/kustomization.yaml": `${kustomization}\n`,
    "app/ok.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ok}\n",
    ...more
  })
  const place = /^app\/kustomization\.yaml:\d+: /
  const leaving = [
    "resources: [../../../var/run/secrets/token]",
    "bases: [../../other]",
    "components: [../../other]",
    "patches:\n- path: ../../x.yaml",
    "patchesStrategicMerge: [../../x.yaml]",
    "patchesJson6902:\n- path: ../../x.yaml",
    "configMapGenerator:\n- {name: x, files: [../../x]}",
    "configMapGenerator:\n- {name: x, files: [key=../../x]}",
    "configMapGenerator:\n- {name: x, envs: [../../x]}",
    "configMapGenerator:\n- {name: x, env: ../../x}",
    "secretGenerator:\n- {name: x, files: [../../x]}",
    "openapi: {path: ../../x}",
    "crds: [../../x]",
    "configurations: [../../x]",
    "replacements:\n- path: ../../x",
    "generators: [../../x]",
    "transformers: [../../x]",
    "validators: [../../x]",
    "resources: [/etc/passwd]",
    "transformers:\n- |-\n  apiVersion: builtin\n  kind: PatchTransformer\n  metadata: {name: x}\n  path: ../../x",
    "resources: [.git/config]"
  ]
  for (const kustomization of leaving) {
    it.effect(`refuses to leave the repository: ${kustomization.replaceAll("\n", " ")}`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(render(bad(kustomization), { path: "app" }))
        assert.match(error.message, place)
        assert.match(error.message, /leads out of the repository/)
      }))
  }

  const elsewhere = [
    "https://example.com/x.yaml",
    "github.com/org/repo//deploy?ref=main",
    "git@github.com:org/repo.git",
    "ssh://git@example.com/x",
    "git::https://example.com/x",
    "example.com/org/repo.git//x"
  ]
  for (const url of elsewhere) {
    it.effect(`refuses to fetch ${url}`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(render(bad(`resources:\n- ok.yaml\n- ${url}`), { path: "app" }))
        assert.match(error.message, /^app\/kustomization\.yaml:3: .*fetched from elsewhere/)
      }))
  }

  const refused: ReadonlyArray<readonly [string, RegExp, Readonly<Record<string, string>>?]> = [
    ["resource: [ok.yaml]", /:1: there is no field resource; is resources meant\?/],
    ["Resources: [ok.yaml]", /there is no field Resources; is resources meant/],
    ["patches:\n- Path: ../../x", /there is no field Path; path is meant/],
    ["helmCharts:\n- {name: x, repo: https://example.com}", /chart inside kustomize: refused/],
    ["resources:\n- gone.yaml", /^app\/kustomization\.yaml:2: resources refers to app\/gone\.yaml, which is not there/],
    ["resources: [../a]", /refer to each other: app -> a -> app/, { "a/kustomization.yaml": "resources: [../app]" }],
    ["resources: [ok.yaml]", /in one folder/, { "app/kustomization.yml": "resources: []" }],
    ["resources: [../empty]", /empty has no kustomization\.yaml/, { "empty/x.yaml": "" }],
    [
      "generators: [plugin.yaml]",
      /^app\/plugin\.yaml:2: example\.com\/v1 Evil is no plugin/,
      { "app/plugin.yaml": "apiVersion: example.com/v1\nkind: Evil\n" }
    ],
    [
      "transformers: [t.yaml]",
      /^app\/t\.yaml:4: .*leads out of the repository/,
      { "app/t.yaml": "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: x}\npath: ../../x\n" }
    ],
    ["resources: [ok.yaml", /^app\/kustomization\.yaml:/],
    ["resources: {a: b}", /resources is not a list/],
    [
      "resources: [ok.yaml]\npatches:\n- path: p.yaml",
      /kustomize: .*/,
      { "app/p.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: nobody}\n" }
    ]
  ]
  for (const [kustomization, message, more] of refused) {
    it.effect(`refuses ${kustomization.replaceAll("\n", " ")} ${Object.keys(more ?? {}).join(" ")}`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(render(bad(kustomization, more), { path: "app" }))
        assert.strictEqual(error._tag, "RenderFailed")
        assert.match(error.message, message)
        assert.notMatch(error.message, /sluice-render-|\/tmp\/|generated/)
      }))
  }
})

const at = (object: object, index: number): string =>
  JSON.parse(JSON.stringify(object)).spec.template.spec.containers[index].name
