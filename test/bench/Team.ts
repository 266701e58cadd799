import type { Files, Repository } from "../support/git/Repository.ts"
import { masterOf } from "../support/masterOf.ts"

/** What an agent needs that is no member of `system:masters`: its requests can be told from others'. */
export const cluster = `apiVersion: v1
kind: Namespace
metadata: {name: sluice-system}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: agent}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: User, name: agent}]
`

/** A namespace whose account `sluice` may do anything in it, with the secrets of hooks and of a chat. */
export const namespaceOf = (name: string, token: string, chat: string): string =>
  `${masterOf(name)}apiVersion: v1
kind: Secret
metadata: {name: hook, namespace: ${name}}
stringData: {token: ${token}}
---
apiVersion: v1
kind: Secret
metadata: {name: chat, namespace: ${name}}
stringData: {address: "${chat}/hooks/${name}"}
---
apiVersion: sluice.dev/v1alpha1
kind: Notifier
metadata: {name: chat, namespace: ${name}}
spec: {webhook: {secretRef: {name: chat}}}
`

/** What refuses versions that begin with `bad`. */
export const policy = `package objects

deny contains {"msg": "bad is not good", "path": "data.version"} if {
	input.kind == "ConfigMap"
	startswith(input.data.version, "bad")
}
`
const filler = "x".repeat(300)

/** One Delivery, and what Git holds of it. */
export interface App {
  readonly name: string
  readonly namespace: string
  readonly renderer: "plain" | "kustomize" | "helm"
  /** The version of each of its objects. */
  readonly versions: Array<string>
}

/** A namespace with a repository, and its Deliveries. */
export interface Team {
  readonly namespace: string
  readonly repository: Repository
  readonly apps: ReadonlyArray<App>
  head: string
  /** One push at a time. */
  pushing: Promise<unknown>
}

export const objectOf = ({ name }: App, object: number): string => `${name}-${object}`

/** Its files as they are now. */
export const filesOf = (app: App): Files => {
  const folder = `apps/${app.name}`
  if (app.renderer === "helm") {
    const versions = app.versions.map((version, object) => `  ${objectOf(app, object)}: "${version}"\n`).join("")
    return {
      [`${folder}/Chart.yaml`]: `apiVersion: v2\nname: ${app.name}\nversion: 1.0.0\n`,
      [`${folder}/values.yaml`]: `versions:\n${versions}`,
      [`${folder}/templates/items.yaml`]: `{{- range $name, $version := .Values.versions }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ $name }}}
data: {version: {{ $version | quote }}, filler: ${filler}}
{{- end }}
`
    }
  }
  const items = app.versions.map((version, object) => [
    `${objectOf(app, object)}.yaml`,
    `apiVersion: v1
kind: ConfigMap
metadata: {name: ${objectOf(app, object)}, namespace: ${app.namespace}}
data: {version: "${version}", filler: ${filler}}
`
  ])
  return Object.fromEntries([
    ...items.map(([file, text]) => [`${folder}/${file}`, text]),
    ...app.renderer === "plain"
      ? []
      : [[`${folder}/kustomization.yaml`, `resources: [${items.map(([file]) => file).join(", ")}]\n`]]
  ])
}

/** Ten Deliveries of some ConfigMaps each, by all renderers. */
export const appsOf = (namespace: string, objects: number): ReadonlyArray<App> =>
  Array.from({ length: 10 }, (_, index): App => ({
    name: `app-${index}`,
    namespace,
    renderer: index === 9 ? "helm" : index >= 7 ? "kustomize" : "plain",
    versions: Array.from({ length: objects }, () => "0")
  }))
