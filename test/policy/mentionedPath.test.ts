import { assert, describe, it } from "@effect/vitest"
import type { JsonObject } from "../../src/domain/Json.ts"
import { mentionedPath } from "../../src/policy/mentionedPath.ts"

const object: JsonObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "checkout", namespace: "shop", labels: { app: "checkout", "a.b/owner": "shop" } },
  spec: {
    replicas: 3,
    template: {
      spec: {
        containers: [
          { name: "app", image: "registry.example.com/shop/checkout:latest", ports: [{ name: "http" }] },
          {
            name: "proxy",
            image: "registry.example.com/proxy:1",
            imagePullPolicy: "Always",
            args: ["--to=registry.example.com/proxy:1", "0.0.0.0/0"]
          }
        ],
        initContainers: [{ name: "migrate", image: "registry.example.com/proxy:2" }],
        volumes: [{ name: "socket", hostPath: { path: "/var/run/docker.sock" } }]
      }
    }
  }
}

const pod = ["spec", "template", "spec"]

const cases: ReadonlyArray<readonly [message: string, path: ReadonlyArray<string | number> | undefined]> = [
  ["spec.template.spec.containers[0].image is not pinned", [...pod, "containers", 0, "image"]],
  ["wrong: metadata.labels[\"a.b/owner\"]", ["metadata", "labels", "a.b/owner"]],
  ["/spec/replicas is too small", ["spec", "replicas"]],
  ["spec.replicas of spec is too small.", ["spec", "replicas"]],
  ["spec.template.spec.containers[7].image is not pinned", undefined],
  ["spec.replicas and metadata.labels disagree", undefined],
  ["spec.template and spec.template.spec.volumes", [...pod, "volumes"]],
  ["container app runs registry.example.com/shop/checkout:latest, which is no digest", [
    ...pod,
    "containers",
    0,
    "image"
  ]],
  ["image \"registry.example.com/shop/checkout:latest\" of container \"app\"", [...pod, "containers", 0, "image"]],
  ["container 'proxy' has no limits", [...pod, "containers", 1]],
  ["initContainer migrate has no limits", [...pod, "initContainers", 0]],
  ["containers app and proxy: container proxy has none, container app neither", undefined],
  ["mounts /var/run/docker.sock of the node", [...pod, "volumes", 0, "hostPath", "path"]],
  ["volume \"socket\" is of the node", [...pod, "volumes", 0, "name"]],
  ["imagePullPolicy should be \"Always\"", undefined],
  ["container app should pull \"Always\"", [...pod, "containers", 0]],
  ["Deployment checkout in namespace shop has no owner", undefined],
  ["nothing is wrong with the app or its http", undefined],
  ["container app may not name registry.example.com/proxy:1", [...pod, "containers", 0]],
  ["container nobody has none", undefined],
  ["lets 0.0.0.0/0 in", [...pod, "containers", 1, "args", 1]],
  ["", undefined]
]

describe("the place that a message tells by itself", () => {
  for (const [message, path] of cases) {
    it(JSON.stringify(message), () => assert.deepStrictEqual(mentionedPath(object, message), path))
  }

  it("is found in the time of one look, however long the text", () => {
    for (const text of ["a.".repeat(50_000), "/a".repeat(50_000), "\"".repeat(100_000), "container ".repeat(20_000)]) {
      assert.isUndefined(mentionedPath(object, text))
    }
  })
})
