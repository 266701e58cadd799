import { readdirSync, readFileSync } from "node:fs"
import { join, relative } from "node:path"

const sample = join(import.meta.dirname, "..", "..", "deploy", "samples", "shop")

/** The sample repository: one base, two environments, a policy that judges production only. */
export const shop = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(sample, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(sample, path), readFileSync(path, "utf8")])
  )

/** A Deployment patch for production. */
export const productionPatch = (image: string, more = ""): string =>
  `apiVersion: apps/v1
kind: Deployment
metadata:
  name: checkout
spec:
  replicas: 3
  template:
    spec:${more}
      containers:
        - name: checkout
          image: ${image}
`

/** Two Deliveries of one repository, and where they are told. */
export const deliveries = (
  options: { readonly repository: string; readonly chat: string; readonly interval?: string }
) =>
  ["dev", "prod"].map((environment) =>
    `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: shop-${environment}, namespace: shop-${environment}}
spec:
  source:
    git: {url: "${options.repository}", branch: main}
    interval: ${options.interval ?? "250ms"}
  path: environments/${environment}
  apply: {timeout: 1m}
  notify: [{name: team-chat}]
---
apiVersion: sluice.dev/v1alpha1
kind: Notifier
metadata: {name: team-chat, namespace: shop-${environment}}
spec:
  slack: {secretRef: {name: chat}}
---
apiVersion: v1
kind: Secret
metadata: {name: chat, namespace: shop-${environment}}
stringData: {address: "${options.chat}"}
`
  ).join("---\n")
