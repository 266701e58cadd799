import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { programs } from "../../src/programs/catalogue.ts"
import { isCompatible, parseGoMod, pinIn, readPin, toolsDirectory, versionIn } from "../../src/programs/pins.ts"

const goMod = `module example.test/pins

go 1.26.0

tool (
	example.test/many/cmd/kubectl // the client
	example.test/many/cmd/kwok
)

require example.test/many v1.2.3

require (
	example.test/other v0.1.0 // indirect
	example.test/many/cmd/kwok v0.8.0
)

replace example.test/other => ../other
`

describe("pins", () => {
  it("reads tools and versions from blocks and single lines", () => {
    const { tools, versions } = parseGoMod(goMod)
    assert.deepStrictEqual(tools, ["example.test/many/cmd/kubectl", "example.test/many/cmd/kwok"])
    assert.strictEqual(versions.get("example.test/other"), "v0.1.0")
  })

  it("takes the version of the longest module path that holds the package", () => {
    assert.strictEqual(pinIn(goMod, "kubectl", "/m")?.version, "v1.2.3")
    assert.strictEqual(pinIn(goMod, "kwok", "/m")?.version, "v0.8.0")
    assert.isUndefined(pinIn(goMod, "helm", "/m"))
  })

  it("names the release that a module's version is, where they are counted apart", () => {
    const module = (version: string) =>
      `tool github.com/prometheus/prometheus/cmd/promtool\nrequire github.com/prometheus/prometheus ${version}\n`
    assert.strictEqual(pinIn(module("v0.316.0"), "promtool", "/m")?.version, "v3.16.0")
    assert.strictEqual(pinIn(module("v0.305.2"), "promtool", "/m")?.version, "v3.5.2")
    assert.strictEqual(pinIn(module("v0.1012.1"), "promtool", "/m")?.version, "v10.12.1")
  })

  it.effect("pins every program", () =>
    Effect.gen(function*() {
      for (const program of programs) {
        const pin = yield* readPin(program)
        assert.match(pin.version, /^v\d+\.\d+\.\d+$/, program)
      }
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it("keeps the Kubernetes libraries at the version of its programs", () => {
    const text = readFileSync(join(toolsDirectory, "kubernetes", "go.mod"), "utf8")
    const minorAndPatch = pinIn(text, "kubectl", "")!.version.replace("v1.", "")
    const replaced = [...text.matchAll(/=> k8s\.io\/\S+ v0\.(\S+)/g)].map((match) => match[1])
    assert.isAbove(replaced.length, 30)
    assert.deepStrictEqual([...new Set(replaced)], [minorAndPatch])
  })

  it("finds the version in what a program prints", () => {
    assert.strictEqual(versionIn("etcd Version: 3.6.16\nGo Version: go1.26.8\n"), "v3.6.16")
    assert.strictEqual(versionIn("v4.3.1+g1234567"), "v4.3.1+g1234567")
    assert.isUndefined(versionIn("usage: kustomize [command]"))
  })

  it("accepts any patch of the same minor version", () => {
    assert.isTrue(isCompatible("v5.8.0", "v5.8.2"))
    assert.isFalse(isCompatible("v5.80.0", "v5.8.2"))
    assert.isFalse(isCompatible("v4.8.2", "v5.8.2"))
  })
})
