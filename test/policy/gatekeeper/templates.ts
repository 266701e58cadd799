import { readFileSync } from "node:fs"
import { join } from "node:path"

const fixture = (name: string): string =>
  readFileSync(join(import.meta.dirname, "../../fixtures/gatekeeper", name), "utf8")

/** A template with a constraint that asks for labels: `owner` where it names none. */
export const labels = fixture("required-labels.yaml")

/** A template with a constraint that lets no two Ingresses have one host. */
export const host = fixture("one-host.yaml")

/** A template of its own kind around the Rego. */
export const template = (rego: string, kind = "Own") =>
  `apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: ${kind.toLowerCase()}}
spec:
  crd: {spec: {names: {kind: ${kind}}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
${rego.trim().split("\n").map((line) => `        ${line}`).join("\n")}
`

/** A constraint that is about everything. */
export const constraint = (spec = "{}", kind = "Own") =>
  `---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: ${kind}
metadata: {name: all}
spec: ${spec}
`

/** Both. */
export const around = (rego: string, spec = "{}", kind = "Own") => template(rego, kind) + constraint(spec, kind)
