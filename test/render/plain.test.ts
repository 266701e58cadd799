import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Render } from "../../src/render/Render.ts"
import * as MemoryArtifact from "./MemoryArtifact.ts"
import * as renderTest from "./renderTest.ts"
import { capabilities, delivery, render } from "./renderTest.ts"

const configMap = (name: string, rest = "") => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${rest}`

layer(renderTest.layer())("a folder of YAML", (it) => {
  it.effect("gives every object with its exact place, in the order of the files", () =>
    Effect.gen(function*() {
      const { manifests } = yield* render({
        "b.yaml": `# two\n---\n${configMap("b1")}---\n# nothing\n---\n\n${configMap("b2")}`,
        "a/one.yml": configMap("a"),
        "c.json": `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}`,
        "README.md": "# no manifest",
        ".github/workflow.yaml": "on: push",
        "policies/data.yaml": "limits: 3"
      })
      assert.deepStrictEqual(manifests.map(({ ref, origin }) => [ref.name, origin]), [
        ["a", { file: "a/one.yml", line: 1 }],
        ["b1", { file: "b.yaml", line: 3 }],
        ["b2", { file: "b.yaml", line: 11 }],
        ["c", { file: "c.json", line: 1 }]
      ])
      assert.isTrue(manifests.every(({ ref }) => ref.namespace === "shop"))
      assert.strictEqual(
        manifests[0]!.json,
        `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"shop"}}`
      )
    }))

  it.effect("renders a single file, and reads it once for ever", () =>
    Effect.gen(function*() {
      const stage = yield* Render
      const { artifact, reads } = MemoryArtifact.make({ "deploy/app.yaml": configMap("only-once") })
      const closure = yield* stage.closure(delivery({ path: "deploy/app.yaml" }), artifact)
      yield* stage.render(delivery(), closure, capabilities)
      const { manifests } = yield* stage.render(delivery(), closure, capabilities)
      assert.strictEqual(manifests[0]?.ref.name, "only-once")
      assert.strictEqual(reads.count, 1)
    }))

  it.effect("refuses a name that Sluice keeps for its own records", () =>
    Effect.gen(function*() {
      const files = { "a.yaml": configMap("one"), "b.yaml": `---\n${configMap("sluice-web-inventory-0")}` }
      const error = yield* Effect.flip(render(files))
      assert.strictEqual(
        error.message,
        "b.yaml:2: ConfigMap/shop/sluice-web-inventory-0: this name is kept for Sluice's own record of a Delivery"
      )
      assert.match(error.hint!, /^Give it a name of another form/u)
    }))

  it.effect("flattens lists, folds stringData, and drops what only the server may say", () =>
    Effect.gen(function*() {
      const { manifests } = yield* render({
        "list.yaml": `apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Secret
    metadata: {name: s, creationTimestamp: null, uid: x, managedFields: []}
    data: {old: b2xk, both: eA==}
    stringData: {new: "new", both: "wins"}
    status: {}
  - {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: "a:b", namespace: lost}}
  - {apiVersion: example.com/v1, kind: Thing, metadata: {name: t}}
`
      })
      assert.deepStrictEqual(manifests.map(({ object, origin }) => [object, origin.line]), [
        [{
          apiVersion: "v1",
          kind: "Secret",
          metadata: { name: "s", namespace: "shop" },
          data: { old: "b2xk", new: "bmV3", both: "d2lucw==" }
        }, 4],
        [{ apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: "a:b" } }, 10],
        [{ apiVersion: "example.com/v1", kind: "Thing", metadata: { name: "t" } }, 11]
      ])
    }))

  it.effect("learns the scope of custom kinds from the CRDs of the same revision", () =>
    Effect.gen(function*() {
      const { manifests } = yield* render({
        "crd.yaml": `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec: {group: example.com, scope: Namespaced, names: {kind: Thing, plural: things}}
---
{apiVersion: example.com/v1, kind: Thing, metadata: {name: t}}
`
      })
      assert.deepStrictEqual(manifests.map(({ ref }) => ref.namespace), ["", "shop"])
    }))

  it.effect("reads scalars as kubectl does", () =>
    Effect.gen(function*() {
      const { manifests } = yield* render({
        "a.yaml": configMap(
          "a",
          "x: [yes, 'yes', 0777, 1_000, 0o17, 1e3, 2001-01-01, ~, off, 1:30, 0x1F, .5, 09, !!str 3]"
        )
      })
      assert.deepStrictEqual(
        manifests[0]?.object.x,
        [true, "yes", 511, 1000, 15, 1000, "2001-01-01", null, false, "1:30", 31, 0.5, 9, "3"]
      )
    }))

  it.effect("finds the line and column of a field", () =>
    Effect.gen(function*() {
      const { manifests, locate } = yield* render({
        "a.yaml": `${configMap("a")}---\n${configMap("b", "data:\n  one: x\n  list:\n    - 1\n    - key: 2\n")}`,
        "s.yaml": `${configMap("s").replace("ConfigMap", "Secret")}stringData:\n  password: x\n`,
        "l.yaml": `apiVersion: v1\nkind: List\nitems:\n- ${configMap("i", "data: {k: v}").replaceAll("\n", "\n  ")}`
      })
      const [, b, i, s] = manifests
      assert.deepStrictEqual(yield* locate(b!, ["data", "list", 1, "key"]), { file: "a.yaml", line: 14, column: 7 })
      assert.deepStrictEqual(yield* locate(b!, ["data", "nowhere"]), { file: "a.yaml", line: 6 })
      assert.deepStrictEqual(yield* locate(i!, ["data", "k"]), { file: "l.yaml", line: 8, column: 10 })
      assert.deepStrictEqual(yield* locate(s!, ["data", "password"]), { file: "s.yaml", line: 6, column: 3 })
    }))

  const refused = {
    "two of the same": [
      {
        "a.yaml": configMap("x"),
        "b.yaml": configMap("x", "metadata2: 1\n").replace("name: x", "namespace: shop\n  name: x")
      },
      /^b\.yaml:1: ConfigMap\/shop\/x is there twice: first in a\.yaml:1$/
    ],
    "a text that is no manifest": [
      { "values.yaml": "replicas: 3\n" },
      /^values\.yaml:1: this is not a Kubernetes object/
    ],
    "a missing name": [
      { "a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n" },
      /^a\.yaml:1: .*metadata\.name is missing/
    ],
    "generateName": [{ "a.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {generateName: x-}\n" }, /generateName/],
    "a name that is a number": [{ "a.yaml": configMap("123") }, /metadata\.name is 123, not a string/],
    "a name that leaves its path": [{ "a.yaml": configMap("../x") }, /metadata\.name/],
    "a namespace that leaves its path": [
      { "a.yaml": configMap("x", "").replace("name: x", "name: x\n  namespace: a/../b") },
      /no name of a namespace/
    ],
    "YAML that does not parse": [{ "a.yaml": `${configMap("x")}---\nkind: [1, 2\nb: 3` }, /^a\.yaml:(7|8): /],
    "a key that is there twice": [
      { "a.yaml": configMap("x", "data:\n  k: 1\n  k: 2\n") },
      /^a\.yaml:7: the key "k" is there twice/
    ],
    "a JSON key that is there twice": [
      { "a.json": `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "name": "b"}}` },
      /the key "name" is there twice/
    ],
    "an alias bomb": [
      {
        "a.yaml": [
          "a: &a [x,x,x,x,x,x,x,x,x]",
          ..."bcdefghi".split("").map((key, at) => {
            const of = "abcdefgh"[at]
            return `${key}: &${key} [${Array.from({ length: 9 }, () => `*${of}`).join(",")}]`
          })
        ].join("\n")
      },
      /aliases/
    ],
    "nesting without end": [{ "a.yaml": configMap("x", `data: ${"[".repeat(100_000)}`) }, /nested|deeper/],
    "deep nesting": [
      { "a.yaml": configMap("x", `data: ${"[".repeat(120)}${"]".repeat(120)}`) },
      /nested deeper than 100/
    ],
    "a polluted prototype": [{ "a.yaml": configMap("x", "data: {<<: {__proto__: {polluted: yes}}}\n") }, /__proto__/],
    "a polluted JSON prototype, spelt otherwise": [
      {
        "a.json":
          `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "\\u005f_proto__": {"namespace": "y"}}}`
      },
      /__proto__/
    ],
    "labels that are no mapping": [{ "a.yaml": configMap("x", "  labels: abc\n") }, /labels/],
    "annotations that are no mapping": [{ "a.yaml": configMap("x", "  annotations: [abc]\n") }, /annotations/],
    "a polluted JSON prototype": [{ "a.json": `{"apiVersion": "v1", "__proto__": {"polluted": 1}}` }, /__proto__/],
    "a tag of another language": [
      { "a.yaml": configMap("x", "data: !!js/function 'x'\n") },
      /the tag .* is not supported/
    ],
    "binary": [{ "a.yaml": configMap("x", "data: !!binary aGk=\n") }, /the tag !!binary is not supported/],
    "an integer that loses digits": [{ "a.yaml": configMap("x", "n: 12345678901234567\n") }, /lose digits/],
    "infinity": [{ "a.yaml": configMap("x", "n: .inf\n") }, /^a\.yaml:5: .*JSON/],
    "a kustomization below it": [
      { "a.yaml": configMap("a"), "overlays/prod/kustomization.yaml": "resources: []" },
      /overlays\/prod is a kustomization, not a folder of plain YAML/
    ],
    "an empty folder": [{ "README.md": "" }, /holds no YAML/],
    "an object smuggled into a list": [
      {
        "a.yaml": "apiVersion: v1\nkind: ConfigMapList\nitems:\n- {apiVersion: v1, kind: List, items: [{kind: Pod}]}\n"
      },
      /^a\.yaml:4: apiVersion is missing/
    ]
  } as const
  for (const [what, [files, message]] of Object.entries(refused)) {
    it.effect(`refuses ${what}`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(render(files))
        assert.strictEqual(error._tag, "RenderFailed")
        assert.match(error.message, message)
        assert.isUndefined(Reflect.get({}, "polluted"))
      }))
  }

  it.effect("quotes no value in what it says of YAML: it may be a Secret's", () =>
    Effect.gen(function*() {
      const secret = (password: string) =>
        `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  password: ${password}\n`
      for (
        const password of [
          "98765432109876543",
          "!!int 98765x",
          "'98765' '98765'",
          "\"98765\" \"98765\"",
          "a: 98765",
          "|x98765",
          "\"98765",
          "{98765",
          "[98765: 98765}",
          "*98765",
          "!98765 98765"
        ]
      ) {
        const text = yield* Effect.match(render({ "a.yaml": secret(password) }), {
          onFailure: (error) => error.message,
          onSuccess: () => ""
        })
        assert.notInclude(text.replace("the tag !98765", "").replace("*98765", ""), "98765", password)
      }
      const chart = {
        "Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
        "templates/s.yaml": `${secret("{{ .Values.password }}")}`,
        "values.yaml": "password: \"98765\\n'98765\""
      }
      const error = yield* Effect.flip(render(chart))
      assert.notInclude(error.message, "98765")
    }))

  it.effect("says where a missing path would have been", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(render({ "deploy/prod/a.yaml": configMap("a") }, { path: "deploy/production" }))
      assert.match(error.message, /there is no deploy\/production .* deploy has the folders prod/)
      for (const path of ["../other", "/../etc", "a/../../b", ".git", "https://example.com/x"]) {
        const refusal = yield* Effect.flip(render({ "a.yaml": configMap("a") }, { path }))
        assert.strictEqual(refusal._tag, "RenderFailed", path)
      }
    }))
})
