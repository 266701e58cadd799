import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { at } from "../../src/domain/Json.ts"
import { displayOrigin } from "../../src/domain/Manifest.ts"
import { display } from "../../src/domain/ObjectRef.ts"
import * as renderTest from "./renderTest.ts"
import { render } from "./renderTest.ts"

const chart = {
  "chart/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
  "chart/values.yaml": "replicas: 1\nname: web\n",
  "chart/values-prod.yaml": "replicas: 3\n",
  "settings/prod.yaml": "name: prod\n",
  "chart/templates/deployment.yaml": `apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-{{ .Values.name }}
spec:
  replicas: {{ .Values.replicas }}
`,
  "chart/templates/two.yaml": `{{- range list "a" "b" }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ . }}
  namespace: {{ $.Release.Namespace }}
data:
  file: {{ $.Files.Get "files/x.txt" | quote }}
  version: {{ $.Capabilities.KubeVersion.Version | quote }}
  batch: {{ $.Capabilities.APIVersions.Has "batch/v1" | quote }}
{{- end }}
`,
  "chart/templates/tests/test.yaml": `apiVersion: v1
kind: Pod
metadata: {name: test, annotations: {helm.sh/hook: test}}
`,
  "chart/files/x.txt": "content",
  "chart/crds/things.yaml": `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec: {group: example.com, scope: Namespaced, names: {kind: Thing, plural: things}}
`,
  "chart/charts/sub/Chart.yaml": "apiVersion: v2\nname: sub\nversion: 1.0.0\n",
  "chart/charts/sub/templates/thing.yaml": "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: thing}\n"
}

layer(renderTest.layer())("a chart", (it) => {
  it.effect("gives every object with its template, in the delivery's namespace, without tests", () =>
    Effect.gen(function*() {
      const { manifests } = yield* render(chart, {
        path: "chart",
        helm: { releaseName: "r", valuesFiles: ["values-prod.yaml", "/settings/prod.yaml"], values: { replicas: 5 } }
      })
      assert.deepStrictEqual(manifests.map(({ ref, origin }) => `${display(ref)} ${displayOrigin(origin)}`).sort(), [
        "ConfigMap/shop/a chart/templates/two.yaml",
        "ConfigMap/shop/b chart/templates/two.yaml",
        "CustomResourceDefinition/things.example.com chart/crds/things.yaml",
        "Deployment/shop/r-prod chart/templates/deployment.yaml",
        "Thing/shop/thing chart/charts/sub/templates/thing.yaml"
      ])
      const find = (name: string) => manifests.find(({ ref }) => ref.name === name)?.object
      assert.deepStrictEqual(find("r-prod")?.spec, { replicas: 5 })
      assert.deepStrictEqual(find("a")?.data, { file: "content", version: "v1.36.0", batch: "true" })
    }))

  it.effect("takes the delivery's word on the cluster before the cluster's", () =>
    Effect.gen(function*() {
      const { manifests } = yield* render(chart, { path: "chart", render: { kubernetes: { version: "v1.30.0" } } })
      assert.strictEqual(at(manifests.find(({ ref }) => ref.name === "a")?.object, "data", "version"), "v1.30.0")
    }))

  const refused: ReadonlyArray<readonly [string, Readonly<Record<string, string>>, RegExp, object?]> = [
    [
      "a template that does not parse",
      { "chart/templates/x.yaml": "a: 1\nb: {{ .Values.x | nosuch }}\n" },
      /^chart\/templates\/x\.yaml:2: helm: .*nosuch/
    ],
    [
      "a template that fails",
      { "chart/templates/x.yaml": "a: 1\n\nb: {{ required \"say x\" .Values.x }}\n" },
      /^chart\/templates\/x\.yaml:3: helm: .*say x/
    ],
    [
      "a template whose output is no YAML",
      { "chart/templates/x.yaml": "a: [1\nb: 2\n" },
      /^chart\/templates\/x\.yaml(:\d+)?: /
    ],
    [
      "values that its schema refuses",
      { "chart/values.schema.json": `{"properties": {"replicas": {"type": "string"}}}` },
      /helm: .*replicas/s
    ],
    [
      "a template that differs each time",
      {
        "chart/templates/x.yaml":
          "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: {p: {{ randAlphaNum 20 | quote }}}\n"
      },
      /^chart\/templates\/x\.yaml: Secret\/x is different each time/
    ],
    [
      "a hook",
      {
        "chart/templates/x.yaml":
          "apiVersion: batch/v1\nkind: Job\nmetadata: {name: x, annotations: {helm.sh/hook: pre-install}}\n"
      },
      /^chart\/templates\/x\.yaml: Job\/x is a hook \(pre-install\)/
    ],
    [
      "a dependency that is not vendored",
      {
        "chart/Chart.yaml":
          "apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies: [{name: redis, version: 1.0.0, repository: https://example.com}]\n"
      },
      /^chart\/Chart\.yaml: the dependency redis is not in chart\/charts\//
    ],
    [
      "a dependency on another tenant's folder",
      {
        "chart/Chart.yaml":
          "apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies: [{name: x, version: 1.0.0, repository: 'file://../../other'}]\n"
      },
      /never fetched/
    ],
    ["a values file that leaves the repository", {}, /helm\.valuesFiles: .*leads out of the repository/, {
      valuesFiles: ["../../x"]
    }],
    ["an absolute values file", {}, /helm\.valuesFiles: there is no file etc\/passwd/, {
      valuesFiles: ["/etc/passwd"]
    }],
    ["a values file from elsewhere", {}, /fetched from elsewhere/, {
      valuesFiles: ["https://example.com/values.yaml"]
    }],
    ["a values file by file URL", {}, /fetched from elsewhere/, { valuesFiles: ["file:///etc/passwd"] }],
    ["an encoded way out", {}, /there is no file/, { valuesFiles: ["%2e%2e/%2e%2e/x"] }]
  ]
  for (const [what, more, message, helm] of refused) {
    it.effect(`refuses ${what}`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(
          render({ ...chart, ...more }, { path: "chart", ...helm === undefined ? {} : { helm } })
        )
        assert.strictEqual(error._tag, "RenderFailed")
        assert.match(error.message, message)
        assert.notMatch(error.message, /sluice-render-|\/tmp\//)
      }))
  }

  it.effect("cannot look things up, resolve names or read outside itself", () =>
    Effect.gen(function*() {
      const { manifests } = yield* render({
        ...chart,
        "secret.txt": "outside",
        "chart/templates/x.yaml": `apiVersion: v1
kind: ConfigMap
metadata: {name: x}
data:
  lookup: {{ lookup "v1" "Secret" "kube-system" "" | toJson | quote }}
  host: {{ getHostByName "localhost" | quote }}
  file: {{ .Files.Get "../secret.txt" | quote }}
  absolute: {{ .Files.Get "/etc/hostname" | quote }}
`
      }, { path: "chart" })
      assert.deepStrictEqual(manifests.find(({ ref }) => ref.name === "x")?.object.data, {
        lookup: "{}",
        host: "",
        file: "",
        absolute: ""
      })
    }))
})
