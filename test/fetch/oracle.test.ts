import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as git from "isomorphic-git"
import http from "isomorphic-git/http/node"
import * as fs from "node:fs"
import { Fetch } from "../../src/fetch/Fetch.ts"
import { delivery, fetchLayer, gitServer, secrets, temporaryFolder } from "./harness.ts"

/** What isomorphic-git, a Git of its own, makes of the same repository: paths, object ids and bytes. */
const asIsomorphicGit = async (url: string, folder: string) => {
  await git.clone({
    fs,
    http,
    dir: folder,
    gitdir: folder,
    url,
    ref: "main",
    singleBranch: true,
    depth: 1,
    noCheckout: true
  })
  const tree = await git.walk({
    fs,
    dir: folder,
    gitdir: folder,
    trees: [git.TREE({ ref: "main" })],
    map: async (path, [entry]) => {
      if (entry === null || entry === undefined || await entry.type() !== "blob") return undefined
      return { path, id: await entry.oid(), text: Buffer.from((await entry.content())!).toString("hex") }
    }
  }) as ReadonlyArray<{ readonly path: string; readonly id: string; readonly text: string }>
  return tree.toSorted((a, b) => a.path < b.path ? -1 : 1)
}

layer(Layer.mergeAll(fetchLayer(), secrets()), { excludeTestServices: true })("beside isomorphic-git", (it) => {
  it.effect("reads the same paths, ids and bytes over a history of changes", () =>
    Effect.gen(function*() {
      const server = yield* gitServer()
      const shop = yield* Effect.promise(() => server.repository("oracle"))
      const fetch = yield* Fetch
      for (let version = 0; version < 4; version++) {
        const files: Record<string, string | Uint8Array> = {}
        for (let index = 0; index < 60; index++) {
          const text = `${index % 3 === 0 ? version : "same"} ${"line\n".repeat(index * 20)}${index}`
          files[`folder-${index % 5}/file-${index}.yaml`] = text
        }
        files["binary.bin"] = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 7 + version) % 251)
        yield* Effect.promise(() => shop.commit(files, `Version ${version}`))
        const artifact = yield* fetch.fetch(delivery({ url: shop.url, branch: "main" }))
        const entries = yield* artifact.walk("")
        const contents = yield* artifact.read(entries.map(({ path }) => path))
        const ours = entries.map(({ id, path }, index) => ({
          path,
          id,
          text: Buffer.from(contents[index]!).toString("hex")
        }))
        const folder = yield* temporaryFolder
        const theirs = yield* Effect.promise(() => asIsomorphicGit(shop.url, folder))
        assert.deepStrictEqual(ours.toSorted((a, b) => a.path < b.path ? -1 : 1), theirs)
      }
    }), 30_000)
})
