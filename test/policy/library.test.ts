import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { dirname, join } from "node:path"
import { library } from "../../src/policy/library.ts"

const rego = "package a\n\ndeny contains \"no\" if false\n"

const shipped = {
  "lib/workloads.rego": "package library.lib.workloads\n",
  "lib/workloads_test.rego": rego,
  "rules/images/digest-required/digest-required.rego": rego,
  "rules/images/digest-required/digest-required_test.rego": rego,
  "rules/images/no-latest/no-latest.rego": rego,
  "rules/images/no-latest/registries.json": "{}",
  "rules/change-safety/no-pvc-deletion/no-pvc-deletion.rego": rego,
  "rules/pod-security/host-network/host-network.rego": rego,
  "examples/images/digest-required/denied.yaml": "kind: Pod\n",
  "profiles/pod-security/restricted.yaml": "policies: [pod-security/host-network, images/no-latest]\n",
  "schemas/object.json": "{}"
}

const folderOf = Effect.fnUntraced(function*(files: Readonly<Record<string, string>>) {
  const disk = yield* FileSystem.FileSystem
  const root = yield* disk.makeTempDirectoryScoped({ prefix: "sluice-test-library-" })
  for (const [path, text] of Object.entries(files)) {
    yield* disk.makeDirectory(dirname(join(root, path)), { recursive: true })
    yield* disk.writeFileString(join(root, path), text)
  }
  return root
})

const names = Effect.fnUntraced(function*(...wanted: ReadonlyArray<string>) {
  const files = yield* library(wanted, yield* folderOf(shipped))
  return files.map(({ path }) => path.replace(/^policies\//u, ""))
})

layer(NodeServices.layer)("policies that come with Sluice", (it) => {
  it.effect("are taken one by one, with the libraries and without tests and samples", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* names("images/digest-required"), [
        "lib/workloads.rego",
        "rules/images/digest-required/digest-required.rego"
      ])
    }))

  it.effect("are taken by category, and by profile", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* names("images"), [
        "lib/workloads.rego",
        "rules/images/digest-required/digest-required.rego",
        "rules/images/no-latest/no-latest.rego",
        "rules/images/no-latest/registries.json"
      ])
      assert.deepStrictEqual(yield* names("pod-security/restricted", "images/no-latest"), [
        "lib/workloads.rego",
        "rules/images/no-latest/no-latest.rego",
        "rules/images/no-latest/registries.json",
        "rules/pod-security/host-network/host-network.rego"
      ])
    }))

  it.effect("are told by their nearest names where one is wrong", () =>
    Effect.gen(function*() {
      const hint = (name: string) =>
        Effect.map(Effect.flip(names(name)), (error) => `${error.message} ${"hint" in error ? error.hint : ""}`)
      assert.match(
        yield* hint("images/digest-requierd"),
        /there is no "images\/digest-requierd".* Did you mean images\/d/u
      )
      assert.match(yield* hint("restricted"), /Did you mean pod-security\/restricted/u)
      assert.match(yield* hint("networking"), /There are: change-safety, images, pod-security\./u)
      // No name is a path.
      for (const path of ["../lib", "images/../images", "/etc", "", ".", "lib", "rules/images"]) {
        assert.match(yield* hint(path), /there is no /u)
      }
    }))

  it.effect("are refused where a profile names one that there is not", () =>
    Effect.gen(function*() {
      const root = yield* folderOf({ ...shipped, "profiles/images/all.yaml": "policies: [images/none]\n" })
      const error = yield* Effect.flip(library(["images"], root))
      assert.match(error.message, /profiles\/images\/all\.yaml.*images\/none/u)
    }))
})
