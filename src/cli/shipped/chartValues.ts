import { Document, type YAMLMap } from "yaml"
import { at, type Json, type JsonObject } from "../../domain/Json.ts"
import { objectsIn } from "./sources.ts"

interface Value {
  readonly path: string
  readonly schema: JsonObject
  readonly about: string
  readonly value: Json
}

const agentOf = (file: string): Json | undefined =>
  objectsIn(file).map((object) => at(object, "spec", "template", "spec", "containers", 0)).at(0)

const text = { type: "string" }
const truth = { type: "boolean" }
const texts = { type: "array", items: text }
const objects = { type: "array", items: { type: "object" } }

/** What an operator may say to the chart. Their defaults are those of the quickstart overlay. */
const values = (): ReadonlyArray<Value> => {
  const agent = agentOf("base/agent/statefulset.yaml")
  const [repository = ""] = String(at(agent, "image")).split(":")
  return [
    { path: "image.repository", schema: text, about: "where the image is", value: repository },
    { path: "image.tag", schema: text, about: "its tag; the chart's appVersion unless given", value: "" },
    { path: "image.digest", schema: text, about: "its digest, `sha256:…`: goes before the tag", value: "" },
    {
      path: "image.pullPolicy",
      schema: { enum: ["Always", "IfNotPresent", "Never"] },
      about: "when it is pulled",
      value: String(at(agent, "imagePullPolicy"))
    },
    { path: "image.pullSecrets", schema: objects, about: "Secrets to pull it with, each `{name}`", value: [] },
    {
      path: "replicas",
      schema: { type: "integer", minimum: 0 },
      about: "how many share the Deliveries; of more than one, each is on a node of its own where there are so many",
      value: 1
    },
    {
      path: "resources",
      schema: { type: "object" },
      about: "of each replica; 60 % of the memory limit is for the heap",
      value: at(agent, "resources") ?? {}
    },
    { path: "extraArgs", schema: texts, about: "more flags of `sluice agent`", value: [] },
    { path: "extraEnv", schema: objects, about: "more environment, for a proxy; it goes before ours", value: [] },
    { path: "extraVolumes", schema: objects, about: "more volumes, for an authority of your own", value: [] },
    { path: "extraVolumeMounts", schema: objects, about: "where the agent has them", value: [] },
    { path: "nodeSelector", schema: { type: "object" }, about: "on which nodes", value: {} },
    { path: "tolerations", schema: objects, about: "on which nodes in spite of their taints", value: [] },
    { path: "priorityClass.create", schema: truth, about: "a priority of its own", value: false },
    {
      path: "crds.install",
      schema: truth,
      about: "the CRDs are part of the release, and stay without it",
      value: true
    },
    {
      path: "namespace.create",
      schema: truth,
      about: "with Helm 4 the namespace is part of the release, with its Pod Security labels, and stays without it",
      value: true
    },
    {
      path: "deployer.create",
      schema: truth,
      about: "an account `deployer` in the release's namespace that may do what `admin` may in every namespace; " +
        "there is none with tenancy.enabled",
      value: true
    },
    {
      path: "tenancy.enabled",
      schema: truth,
      about: "the agent acts in its own namespace and in those named below, and in no other",
      value: false
    },
    { path: "tenancy.namespaces", schema: texts, about: "namespaces given to the agent", value: [] },
    { path: "networkPolicies.create", schema: truth, about: "who may come in", value: true },
    {
      path: "monitoring.enabled",
      schema: truth,
      about: "for a cluster with the Prometheus operator, and with a Grafana that takes dashboards from ConfigMaps",
      value: false
    },
    { path: "ingress.enabled", schema: truth, about: "a way in for webhooks, by an Ingress", value: false },
    { path: "ingress.className", schema: text, about: "its class", value: "nginx" },
    { path: "ingress.annotations", schema: { type: "object" }, about: "its annotations", value: {} },
    { path: "gateway.enabled", schema: truth, about: "a way in for webhooks, by an HTTPRoute", value: false },
    {
      path: "gateway.parentRef",
      schema: { type: "object" },
      about: "the Gateway's listener",
      value: { name: "public", namespace: "gateways", sectionName: "https" }
    },
    { path: "webhooks.host", schema: text, about: "the host of either way in", value: "sluice.example.com" },
    { path: "webhooks.tlsSecret", schema: text, about: "the certificate of the Ingress", value: "sluice-tls" }
  ]
}

const put = (into: Record<string, unknown>, [first = "", ...rest]: ReadonlyArray<string>, value: unknown): void => {
  if (rest.length === 0) into[first] = value
  else put((into[first] ??= {}) as Record<string, unknown>, rest, value)
}

const said = "Made by `sluice generate chart` from deploy/base, the components and the overlays."

/** `values.yaml`: each value below what it is. */
export const valuesFile = (): string => {
  const tree = {}
  for (const { path, value } of values()) put(tree, path.split("."), value)
  const document = new Document(tree)
  for (const { about, path } of values()) {
    const parent = document.getIn(path.split(".").slice(0, -1), true) as YAMLMap ?? document.contents
    const pair = (parent as YAMLMap).items.find(({ key }) => String(key) === path.split(".").at(-1))
    if (pair !== undefined) (pair.key as { commentBefore?: string }).commentBefore = ` ${about}`
  }
  document.commentBefore = ` ${said}`
  return document.toString({ lineWidth: 120 })
}

/** `values.schema.json`: a value that the chart does not know is an error, not a silence. */
export const valuesSchema = (): JsonObject => {
  // Helm itself puts `global` beside the values of a chart.
  const properties = { global: { type: "object" } }
  const schema: Record<string, unknown> = { type: "object", properties, additionalProperties: false }
  for (const { about, path, schema: of } of values()) {
    const names = path.split(".")
    let place = schema
    for (const name of names.slice(0, -1)) {
      const properties = place.properties as Record<string, Record<string, unknown>>
      place = properties[name] ??= { type: "object", properties: {}, additionalProperties: false }
    }
    ;(place.properties as Record<string, unknown>)[names.at(-1)!] = { description: about, ...of }
  }
  return { $schema: "http://json-schema.org/draft-07/schema#", ...schema as JsonObject }
}

const shown = (value: Json): string => `\`${JSON.stringify(value)}\``

/** The table of values, for people. */
export const valuesTable = (): string =>
  [
    "| value | what it says | unless given |",
    "|---|---|---|",
    ...values().map(({ about, path, value }) => `| \`${path}\` | ${about} | ${shown(value)} |`)
  ].join("\n")

/** What makes the overlay of that name of the chart. */
export const overlayValues = (name: "production" | "multi-tenant"): JsonObject => {
  const container = agentOf("overlays/production/statefulset.yaml")
  const [availability] = objectsIn("components/high-availability/statefulset.yaml")
  return {
    replicas: at(availability, "spec", "replicas") ?? null,
    resources: at(container, "resources") ?? null,
    priorityClass: { create: true },
    deployer: { create: false },
    ...name === "multi-tenant" ? { tenancy: { enabled: true } } : {}
  }
}
