import { assert, describe, it } from "@effect/vitest"
import { misfitPath } from "../../src/pipeline/misfit.ts"

const object = {
  spec: {
    replcias: 2,
    ports: [{ port: 80, protocol: "TCP" }, { port: 80, protocol: "UDP", nam: "x" }],
    containers: [{ name: "a" }, { name: "b", imgae: "b" }]
  }
}

describe("a field that does not fit", () => {
  for (
    const [detail, path] of [
      [".spec.replcias: field not declared in schema", ["spec", "replcias"]],
      [".spec.containers[name=\"b\"].imgae: field not declared in schema", ["spec", "containers", 1, "imgae"]],
      [".spec.ports[port=80,protocol=\"UDP\"].nam: field not declared in schema", ["spec", "ports", 1, "nam"]],
      [".spec.ports[0].port: expected numeric", ["spec", "ports", 0, "port"]],
      [".spec.containers[name=\"none\"].image: field not declared in schema", undefined],
      [".spec.other: field not declared in schema", undefined],
      ["Deployment.apps \"web\" is invalid: spec.selector: field is immutable", undefined]
    ] as const
  ) {
    it(`is found from: ${detail}`, () => assert.deepStrictEqual(misfitPath(object, detail), path))
  }
})
