import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import { mkdir, realpath, symlink, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { fetchDefaults } from "../../src/fetch/Fetch.ts"
import { folderArtifact, repositoryRoot } from "../../src/fetch/folder.ts"
import { temporaryFolder, textOf } from "./harness.ts"

const write = (root: string, files: Readonly<Record<string, string>>) =>
  Effect.promise(async () => {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true })
      await writeFile(join(root, path), text)
    }
  })

const limits = { files: 100, fileBytes: 1_000 }

describe("folder", () => {
  it.live("reads a folder as it is, without .git and node_modules", () =>
    Effect.gen(function*() {
      const root = yield* temporaryFolder
      yield* write(root, {
        ".git/config": "x",
        "node_modules/a/b.yaml": "x",
        "app/node_modules/c": "x",
        "app/web.yaml": "web",
        "app/same.yaml": "web",
        "policies/a.rego": "package a"
      })
      const artifact = yield* folderArtifact(root, limits)
      const files = yield* artifact.walk("")
      assert.deepStrictEqual(files.map(({ path }) => path), ["app/same.yaml", "app/web.yaml", "policies/a.rego"])
      assert.strictEqual(files[0]!.id, files[1]!.id)
      assert.notStrictEqual(files[0]!.id, files[2]!.id)
      assert.deepStrictEqual((yield* artifact.list("")).map(({ path }) => path), ["app", "policies"])
      assert.deepStrictEqual(textOf(yield* artifact.read(["app/web.yaml"])), ["web"])
      assert.strictEqual((yield* Effect.flip(artifact.read([".git/config"])))._tag, "UnsafePath")
      assert.isUndefined(artifact.commit)
      assert.strictEqual(artifact.revision.name, "worktree")
    }))

  it.live("follows links inside the folder, and none that leave it", () =>
    Effect.gen(function*() {
      const outside = yield* temporaryFolder
      yield* write(outside, { secret: "s", "repo/base/a.yaml": "a" })
      const root = join(outside, "repo")
      yield* Effect.promise(async () => {
        await mkdir(join(root, "bad"))
        await symlink("../base", join(root, "base/../in"))
        await symlink("base", join(root, "inside"))
        await symlink("../../secret", join(root, "bad/file"))
        await symlink(outside, join(root, "bad/folder"))
      })
      const artifact = yield* folderArtifact(root, limits)
      assert.deepStrictEqual(textOf(yield* artifact.read(["inside/a.yaml"])), ["a"])
      for (const path of ["bad/file", "bad/folder/secret", "in/a.yaml"]) {
        assert.strictEqual((yield* Effect.flip(artifact.read([path])))._tag, "UnsafePath", path)
      }
      assert.strictEqual((yield* Effect.flip(artifact.walk("bad")))._tag, "UnsafePath")
    }))

  it.live("does not block on pipes, and keeps to the limits", () =>
    Effect.gen(function*() {
      const root = yield* temporaryFolder
      yield* write(root, { large: "x".repeat(2_000), "small/a": "a" })
      yield* Effect.sync(() => execFileSync("mkfifo", [join(root, "small/pipe")]))
      const artifact = yield* folderArtifact(root, limits)
      assert.deepStrictEqual((yield* artifact.walk("small")).map(({ path }) => path), ["small/a"])
      assert.match(
        (yield* Effect.flip(artifact.read(["large"]))).message,
        /large: it has 2000 bytes; the limit is 1000/u
      )
      const few = yield* folderArtifact(root, { ...fetchDefaults.limits, files: 0 })
      assert.match((yield* Effect.flip(few.walk("small"))).message, /more than 0 files/u)
    }))

  it.live("finds the root of the repository above a path", () =>
    Effect.gen(function*() {
      const root = yield* Effect.flatMap(temporaryFolder, (path) => Effect.promise(() => realpath(path)))
      yield* write(root, { "repo/.git/HEAD": "x", "repo/a/b/c.yaml": "x" })
      yield* write(root, { "loose/base/c.yaml": "x", "loose/prod/c.yaml": "x" })
      const found = (path: string, startedIn: string) => repositoryRoot(join(root, path), join(root, startedIn))
      assert.strictEqual(yield* found("repo/a/b", "loose"), join(root, "repo"))
      assert.strictEqual(yield* found("repo/a/b/c.yaml", "repo/a"), join(root, "repo"))
      assert.strictEqual(yield* found("loose/prod", "loose"), join(root, "loose"))
      assert.strictEqual(yield* found("loose/prod/c.yaml", "loose/prod"), join(root, "loose/prod"))
      assert.strictEqual(yield* found("loose/prod", "loose/base"), join(root, "loose/prod"))
      assert.strictEqual(yield* found("loose/prod", "loose/pro"), join(root, "loose/prod"))
      const error = yield* Effect.flip(found("none", "."))
      assert.match(error.message, /none: there is no such file or folder/u)
    }))
})
