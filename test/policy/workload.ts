import type { JsonObject } from "../../src/domain/Json.ts"
import { configMap } from "./gate.ts"

const policy = (index: number) =>
  `package team${index}

import data.lib

deny contains message if {
	some container in lib.containers
	regex.match("^bad${index}/", container.image)
	message := sprintf("%s uses %s, not one of %v", [container.name, container.image, {"a", "b"}])
}

warn contains message if {
	input.kind == "Deployment"
	not input.metadata.labels.owner${index % 3}
	message := concat(" ", ["no owner", replace(input.metadata.name, "-", "")])
}
`

const lib = `package lib

containers contains container if some container in input.spec.template.spec.containers

containers contains container if some container in input.spec.template.spec.initContainers
`

/** 20 policies in the style of conftest's, and a library, by path. */
export const policies: Readonly<Record<string, string>> = Object.fromEntries([
  ["policies/lib.rego", lib],
  ...Array.from({ length: 20 }, (_, index) => [`policies/p${index}.rego`, policy(index)])
])

/** One of the manifests: two of five are Deployments of 1.6 KB, the others ConfigMaps of as much; `salt` makes it another. */
export const workload = (index: number, salt = ""): JsonObject =>
  index % 5 < 2
    ? {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: `web-${index}`, namespace: "shop", labels: { owner0: "a", owner1: "b", owner2: "c" } },
      spec: {
        template: {
          spec: {
            containers: Array.from({ length: 4 }, (_, container) => ({
              name: `c${container}`,
              image: index % 100 === 0 ? `bad${container}/x` : "registry.example.com/shop/web:1.2.3",
              env: Array.from({ length: 6 }, (_, entry) => ({ name: `NAME_${entry}`, value: `value-${entry}${salt}` }))
            }))
          }
        }
      }
    }
    : configMap(`m-${index}`, { text: `${salt}${"some text ".repeat(120)}` })
