import { assert, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { spawnSync } from "node:child_process"
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { hostname, tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { RenderFailed } from "../../src/domain/StageError.ts"
import * as workspace from "../../src/render/workspace.ts"

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "sluice-workspace-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

/** A closure of these files, and how many of them were read. */
const closureOf = (files: Readonly<Record<string, string>>) => {
  const asked: Array<string> = []
  const read = (paths: ReadonlyArray<string>) => {
    asked.push(...paths)
    return Effect.succeed(paths.map((path) => new TextEncoder().encode(files[path]!)))
  }
  return { closure: new Map(Object.entries(files)), read, asked }
}

const holds = (tree: string) =>
  Object.fromEntries(
    readdirSync(tree, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory())
      .map((entry) => {
        const path = join(entry.parentPath, entry.name)
        return [path.slice(tree.length + 1), lstatSync(path).isFile() ? readFileSync(path, "utf8") : "no file"]
      })
  )

it.effect("holds exactly the closure, and writes only what differs", () =>
  Effect.gen(function*() {
    const use = yield* workspace.make(yield* directory)
    const revisions = [
      [{ "a": "1", "b/c": "1", "d/e/f": "1" }, ["a", "b/c", "d/e/f"]],
      [{ "a": "1", "b/c": "2", "d/e/f": "1" }, ["b/c"]],
      [{ "a/b": "1", "b": "3", "d/e": "1" }, ["a/b", "b", "d/e"]],
      [{ "d/e": "1" }, []]
    ] as const
    for (const [files, written] of revisions) {
      const { asked, closure, read } = closureOf(files)
      const found = yield* use("shop/shop", closure, read, ({ tree }) => Effect.sync(() => holds(tree)))
      assert.deepStrictEqual(found, files)
      assert.deepStrictEqual<ReadonlyArray<string>>(asked, written)
    }
  }))

it.effect("removes what a program left behind, links too, without following them", () =>
  Effect.gen(function*() {
    const root = yield* directory
    const use = yield* workspace.make(root)
    const outside = join(root, "outside")
    mkdirSync(outside)
    writeFileSync(join(outside, "keep"), "kept")
    const files = { "a": "1", "b/c": "1" }
    const { closure, read } = closureOf(files)
    yield* use("x", closure, read, ({ generated, home, tree }) =>
      Effect.sync(() => {
        writeFileSync(join(tree, "b", "left"), "behind")
        symlinkSync(outside, join(tree, "link"))
        writeFileSync(join(generated, "left"), "behind")
        writeFileSync(join(home, "left"), "behind")
      }))
    const again = yield* use("x", closure, read, (paths) =>
      Effect.sync(() => [holds(paths.tree), readdirSync(paths.generated), readdirSync(paths.home)]))
    assert.deepStrictEqual(again, [files, [], ["tmp"]])
    assert.strictEqual(readFileSync(join(outside, "keep"), "utf8"), "kept")
  }))

it.effect("starts afresh after it was killed half-way", () =>
  Effect.gen(function*() {
    const use = yield* workspace.make(yield* directory)
    const first = closureOf({ "a": "1", "b": "1" })
    const tree = yield* use("x", first.closure, first.read, (paths) => Effect.succeed(paths.tree))
    const second = closureOf({ "a": "2", "b": "2" })
    const killed = yield* Effect.flip(use("x", second.closure, () => {
      // as a kill between two writes would leave it
      writeFileSync(join(tree, "a"), "2")
      return Effect.fail(new RenderFailed({ detail: "killed" }))
    }, () => Effect.void))
    assert.strictEqual(killed._tag, "RenderFailed")
    assert.isFalse(existsSync(join(dirname(tree), "index.json")))
    const third = closureOf({ "a": "1", "b": "1" })
    const found = yield* use("x", third.closure, third.read, (paths) => Effect.sync(() => holds(paths.tree)))
    assert.deepStrictEqual(found, { "a": "1", "b": "1" })
  }))

it.effect("lets runs of one delivery take turns, and those of others go on", () =>
  Effect.gen(function*() {
    const use = yield* workspace.make(yield* directory)
    const { closure, read } = closureOf({ "a": "1" })
    const entered = yield* Deferred.make<void>()
    const leave = yield* Deferred.make<void>()
    const order: Array<string> = []
    const first = yield* Effect.forkChild(use("x", closure, read, () =>
      Effect.gen(function*() {
        yield* Deferred.succeed(entered, undefined)
        yield* Deferred.await(leave)
        order.push("first")
      })))
    yield* Deferred.await(entered)
    const second = yield* Effect.forkChild(use("x", closure, read, () => Effect.sync(() => order.push("second"))))
    yield* use("y", closure, read, () => Effect.sync(() => order.push("other")))
    yield* Deferred.succeed(leave, undefined)
    yield* Fiber.join(first)
    yield* Fiber.join(second)
    assert.deepStrictEqual(order, ["other", "first", "second"])
  }))

it.effect("shares no folder with another process, and takes over what a dead one left", () =>
  Effect.gen(function*() {
    const root = yield* directory
    const [one, two] = [yield* workspace.make(root), yield* workspace.make(root)]
    const first = closureOf({ "a": "1" })
    const tree = yield* one("x", first.closure, first.read, (paths) => Effect.succeed(paths.tree))
    const second = closureOf({ "a": "2" })
    const other = yield* two("x", second.closure, second.read, (paths) => Effect.succeed(paths.tree))
    assert.notStrictEqual(tree, other)
    assert.deepStrictEqual(holds(tree), { "a": "1" })

    const dead = spawnSync(process.execPath, ["-e", ""]).pid
    renameSync(dirname(dirname(tree)), join(root, `${hostname()}~${dead}~left`))
    const third = yield* workspace.make(root)
    const again = closureOf({ "a": "1" })
    yield* third("x", again.closure, again.read, () => Effect.void)
    assert.deepStrictEqual(again.asked, [])
    assert.isFalse(existsSync(join(root, `${hostname()}~${dead}~left`)))
  }))

it.effect("takes over what a process of its own id left, as a container's do, and removes what others left", () =>
  Effect.gen(function*() {
    const root = yield* directory
    const names = [
      `${hostname()}~${process.pid}~left`,
      `${hostname()}~${spawnSync(process.execPath, ["-e", ""]).pid}~too`
    ]
    for (const name of names) mkdirSync(join(root, name))
    const use = yield* workspace.make(root)
    const { closure, read } = closureOf({ "a": "1" })
    yield* use("x", closure, read, () => Effect.void)
    assert.lengthOf(readdirSync(root), 1)
    assert.notInclude(names, readdirSync(root)[0])
  }))

it.effect("keeps no folder of a delivery that nobody has rendered for an hour", () =>
  Effect.gen(function*() {
    const root = yield* directory
    const use = yield* workspace.make(root)
    const { closure, read } = closureOf({ "a": "1" })
    const folderOf = (name: string) => use(name, closure, read, ({ tree }) => Effect.succeed(dirname(tree)))
    yield* TestClock.setTime(Date.now())
    const folders = yield* Effect.forEach(["one", "two", "three"], folderOf)
    yield* TestClock.adjust("50 minutes")
    yield* folderOf("one")
    // Files have the time of the machine: as if the others had been used before.
    const then = new Date((yield* Clock.currentTimeMillis) - 1_000)
    utimesSync(folders[0]!, then, then)
    yield* TestClock.adjust("20 minutes")
    yield* folderOf("four")
    assert.deepStrictEqual(folders.map((folder) => existsSync(folder)), [true, false, false])
    assert.strictEqual(yield* folderOf("two"), folders[1])
  }))

it.effect("keeps no more than there is room for: what was used longest ago goes, and comes back", () =>
  Effect.gen(function*() {
    const use = yield* workspace.make(yield* directory, 25)
    const folderOf = (name: string, text: string) => {
      const { closure, read } = closureOf({ "a": text })
      return use(name, closure, read, ({ tree }) => Effect.succeed(dirname(tree)))
    }
    const ten = "0123456789"
    const folders = [yield* folderOf("one", ten), yield* folderOf("two", ten)]
    yield* folderOf("one", ten)
    const three = yield* folderOf("three", ten)
    assert.deepStrictEqual([...folders, three].map((folder) => existsSync(folder)), [true, false, true])
    yield* folderOf("two", ten)
    assert.deepStrictEqual([...folders, three].map((folder) => existsSync(folder)), [false, true, true])
    // What is in use stays, however large it is.
    const large = yield* folderOf("two", ten.repeat(9))
    assert.deepStrictEqual([existsSync(large), existsSync(three)], [true, false])
  }))
