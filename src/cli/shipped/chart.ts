import { stringify } from "yaml"
import { at, isJsonObject, type Json, type JsonObject } from "../../domain/Json.ts"
import { overlayValues, valuesFile, valuesSchema, valuesTable } from "./chartValues.ts"
import { labelled, nameOf, objectsIn, objectsOf, version } from "./sources.ts"
import { block, filled, more, onlyIf, replaced, template } from "./template.ts"

/** A file of the chart, and what it says. */
export interface ChartFile {
  readonly path: string
  readonly text: string
}

const made = "# Made by `sluice generate chart`.\n"
const namespace = "sluice-system"
const isMany = "gt (int .Values.replicas) 1"

const mapped = (object: JsonObject, path: ReadonlyArray<string | number>, by: (value: Json) => Json): JsonObject => {
  const step = (value: Json, [first, ...rest]: ReadonlyArray<string | number>): Json => {
    if (first === undefined) return by(value)
    if (Array.isArray(value)) return value.map((entry, index) => index === first ? step(entry as Json, rest) : entry)
    const fields = value as JsonObject
    return { ...fields, [first]: step(fields[first] ?? null, rest) }
  }
  return step(object, path) as JsonObject
}

/** An object of ours as the chart has it: in the release's namespace, of the chart's version. */
const ours = (object: JsonObject): string =>
  template(replaced(
    labelled(object),
    (text) =>
      text === namespace
        ? filled(".Release.Namespace | quote")
        : text === version()
        ? filled(".Chart.AppVersion | quote")
        : text
  ) as JsonObject)

/** It stays when the release goes: with it would go every Delivery, and all that they own. */
const kept = (object: JsonObject): JsonObject =>
  mapped(object, ["metadata", "annotations"], (annotations) => ({
    ...isJsonObject(annotations) ? annotations : {},
    "helm.sh/resource-policy": "keep"
  }))

const file = (name: string, texts: ReadonlyArray<string>, condition?: string): ChartFile => {
  const text = texts.join("\n---\n")
  return {
    path: `templates/${name}.yaml`,
    text: made + (condition === undefined ? `${text}\n` : `{{- if ${condition} }}\n${text}\n{{- end }}\n`)
  }
}

const image = ".Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:" +
  "{{ .Values.image.tag | default .Chart.AppVersion }}{{ end"

/** The names in `extraEnv`: the API server refuses a variable that is there twice. */
const named = "{{- $named := list }}\n{{- range .Values.extraEnv }}{{- $named = append $named .name }}{{- end }}\n"

/** A variable of ours, unless `extraEnv` has one of that name. */
const unlessNamed = (variable: Json): Json => {
  const { name, ...rest } = variable as JsonObject
  return { [onlyIf(`not (has ${JSON.stringify(name)} $named)`, "name")]: name ?? "", ...rest }
}

/** The StatefulSet with what the values say, and what the overlays add where they ask for it. */
const statefulSet = (): JsonObject => {
  const [base] = objectsIn("base/agent/statefulset.yaml")
  const [availability] = objectsIn("components/high-availability/statefulset.yaml")
  const [production] = objectsIn("overlays/production/statefulset.yaml")
  const pod = ["spec", "template", "spec"]
  const agent = [...pod, "containers", 0]
  const list = (path: string, name: string) => ({ [onlyIf(path, name)]: block(path) })
  const container = mapped(base!, agent, (value) => ({
    ...value as JsonObject,
    image: filled(image),
    imagePullPolicy: filled(".Values.image.pullPolicy"),
    args: [...at(value, "args") as ReadonlyArray<Json>, more(".Values.extraArgs")],
    env: [...(at(value, "env") as ReadonlyArray<Json>).map(unlessNamed), more(".Values.extraEnv")],
    resources: block(".Values.resources"),
    volumeMounts: [...at(value, "volumeMounts") as ReadonlyArray<Json>, more(".Values.extraVolumeMounts")]
  }))
  return mapped(mapped(container, ["spec", "replicas"], () => filled(".Values.replicas")), pod, (value) => ({
    [onlyIf(".Values.priorityClass.create", "priorityClassName")]: at(production, ...pod, "priorityClassName") ?? null,
    ...list(".Values.image.pullSecrets", "imagePullSecrets"),
    ...list(".Values.nodeSelector", "nodeSelector"),
    ...list(".Values.tolerations", "tolerations"),
    [onlyIf(isMany, "affinity")]: at(availability, ...pod, "affinity") ?? null,
    [onlyIf(isMany, "topologySpreadConstraints")]: at(availability, ...pod, "topologySpreadConstraints") ?? null,
    ...value as JsonObject,
    volumes: [...at(value, "volumes") as ReadonlyArray<Json>, more(".Values.extraVolumes")]
  }))
}

const host = filled(".Values.webhooks.host | quote")

const ingress = (): JsonObject => {
  const [object] = objectsIn("components/webhooks/ingress.yaml")
  const { annotations: _, ...metadata } = object!.metadata as JsonObject
  const hosted = replaced(
    {
      ...object,
      metadata: {
        ...metadata,
        [onlyIf(".Values.ingress.annotations", "annotations")]: block(".Values.ingress.annotations")
      }
    },
    (text) =>
      text === "sluice.example.com" ? host : text === "sluice-tls" ? filled(".Values.webhooks.tlsSecret | quote") : text
  ) as JsonObject
  return mapped(hosted, ["spec", "ingressClassName"], () => filled(".Values.ingress.className | quote"))
}

const route = (): JsonObject => {
  const [object] = objectsIn("components/webhooks/gateway/http-route.yaml")
  return mapped(
    mapped(object!, ["spec", "hostnames"], () => [host]),
    ["spec", "parentRefs"],
    () => [more("(list .Values.gateway.parentRef)")]
  )
}

/** The binding that a tenant's namespace gets, for each that the values name; the release's own has one already. */
const tenants = (): string => {
  const [binding] = objectsIn("components/tenancy/tenant/agent.yaml")
  const named = mapped(binding!, ["metadata", "namespace"], () => filled("$namespace | quote"))
  return `{{- range $namespace := without (uniq .Values.tenancy.namespaces) .Release.Namespace }}\n---\n${
    ours(named).replaceAll("{{ .Release", "{{ $.Release").replaceAll("{{ .Chart", "{{ $.Chart")
  }\n{{- end }}`
}

const isClusterWide = (object: JsonObject): boolean => nameOf(object) === "ClusterRoleBinding/sluice-agent-deliveries"

/** Helm 3 keeps its release in the namespace, which is there before, and never takes over what is there. */
const makesNamespace = "and .Values.namespace.create (semverCompare \">=4.0.0-0\" .Capabilities.HelmVersion.Version)"

const templates = (): ReadonlyArray<ChartFile> => {
  const rights = objectsOf("base/rbac")
  return [
    file("namespace", objectsIn("base/namespace.yaml").map(kept).map(ours), makesNamespace),
    ...objectsOf("base/crds").map((object) => {
      const [plural = ""] = String(at(object, "metadata", "name")).split(".")
      return file(`crds/${plural}`, [ours(kept(object))], ".Values.crds.install")
    }),
    file("rights", rights.filter((object) => !isClusterWide(object)).map(ours)),
    file("all-namespaces", rights.filter(isClusterWide).map(ours), "not .Values.tenancy.enabled"),
    file(
      "tenancy",
      objectsIn("components/tenancy/own-namespace.yaml").map(ours).map((text) => `${text}\n${tenants()}`),
      ".Values.tenancy.enabled"
    ),
    file("statefulset", [named + ours(statefulSet())]),
    file("services", objectsIn("base/agent/services.yaml").map(ours)),
    file("networkpolicies", objectsIn("base/agent/networkpolicies.yaml").map(ours), ".Values.networkPolicies.create"),
    file("disruption-budget", objectsIn("components/high-availability/disruption-budget.yaml").map(ours), isMany),
    file(
      "priority-class",
      objectsIn("overlays/production/priority-class.yaml").map(ours),
      ".Values.priorityClass.create"
    ),
    // It may act in every namespace, which is what tenancy is the end of.
    file(
      "deployer",
      objectsIn("overlays/quickstart/deployer.yaml").map(ours),
      "and .Values.deployer.create (not .Values.tenancy.enabled)"
    ),
    file("monitoring", objectsOf("components/monitoring").map(ours), ".Values.monitoring.enabled"),
    file("ingress", [ours(ingress())], ".Values.ingress.enabled"),
    file("gateway", [ours(route())], ".Values.gateway.enabled")
  ]
}

const readme = (): string =>
  `<!-- Made by \`sluice generate chart\`. -->
# Sluice's Helm chart

The same objects as the overlays of \`deploy/overlays\`, made from the same files: without values it is \`quickstart\`, with
\`values-production.yaml\` it is \`production\`, with \`values-multi-tenant.yaml\` it is \`multi-tenant\`.

\`\`\`sh
helm install sluice deploy/chart --namespace sluice-system --create-namespace
helm install sluice deploy/chart --namespace sluice-system --create-namespace --values deploy/chart/values-production.yaml
\`\`\`

The CRDs and the namespace have \`helm.sh/resource-policy: keep\`: \`helm uninstall\` leaves them, and with them every
Delivery, held by its finalizer, and what it owns; [here](../docs/install.md#uninstall) is how the rest goes. An upgrade
brings the CRDs up to date, since they are templates. The image is not published yet: name yours by \`image.repository\`
and \`image.tag\`.

Helm 3 makes the namespace by \`--create-namespace\` alone, and cannot give it labels. Give it what the chart gives it with Helm 4:

\`\`\`sh
kubectl label namespace sluice-system pod-security.kubernetes.io/enforce=restricted
\`\`\`

${valuesTable()}
`

const chartYaml = (): JsonObject => ({
  apiVersion: "v2",
  name: "sluice",
  description: "A GitOps agent for Kubernetes that refuses bad changes and tells their author why.",
  type: "application",
  version: version(),
  appVersion: version(),
  kubeVersion: ">=1.30.0-0"
})

/** The Helm chart: every file of it, with its path in the chart's folder. */
export const chart = (): ReadonlyArray<ChartFile> => [
  { path: "Chart.yaml", text: made + stringify(chartYaml()) },
  { path: "README.md", text: readme() },
  { path: "values.yaml", text: valuesFile() },
  { path: "values.schema.json", text: `${JSON.stringify(valuesSchema(), null, 2)}\n` },
  ...(["production", "multi-tenant"] as const).map((name) => ({
    path: `values-${name}.yaml`,
    text: made + stringify(overlayValues(name))
  })),
  ...templates()
]
