#!/usr/bin/env node
// Plain JavaScript, so that every Node can read it, and so that the code cache is on before the first file of types:
// loading what strips them costs 40 ms, as much as an empty Node.
import { chmodSync, mkdirSync, statSync } from "node:fs"
import * as module from "node:module"
import { homedir } from "node:os"
import { join } from "node:path"
import { setFlagsFromString } from "node:v8"

const { FORCE_COLOR, NO_COLOR, SLUICE_CACHE, XDG_CACHE_HOME } = process.env
// Who wants no colours has none; Node lets the other variable win, even where it is empty.
if (NO_COLOR || FORCE_COLOR === "") delete process.env.FORCE_COLOR
const cache = SLUICE_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "sluice")

/** Programs, compiled policies and our own compiled code are run from the cache: nobody else may write there. */
const refusal = () => {
  try {
    mkdirSync(cache, { recursive: true, mode: 0o700 })
    const { mode, uid } = statSync(cache)
    const own = process.getuid?.() ?? uid
    if (uid !== own && (uid !== 0 || (mode & 0o022) !== 0)) return "belongs to another user"
    if ((mode & 0o002) !== 0) return "may be written by everybody"
    if (uid === own && (mode & 0o077) !== 0) chmodSync(cache, 0o700)
  } catch {
    // What cannot be used as a cache says so where it is used.
  }
  return undefined
}

if (Number(process.versions.node.split(".")[0]) < 24) {
  process.stderr.write(`error: Sluice needs Node 24 or newer; this is ${process.version}\n`)
  process.exitCode = 2
} else {
  const why = refusal()
  if (why === undefined) {
    // An agent runs for long and should be small. Before the code cache, which keeps apart what other flags compiled.
    if (process.argv[2] === "run" || process.argv[2] === "agent") setFlagsFromString("--heap-growing-percent=30")
    module.enableCompileCache(join(cache, "code"))
    await import("./main.ts")
  } else {
    process.stderr.write(`error: the cache ${JSON.stringify(cache)} ${why}\n`)
    process.stderr.write("  help: Name a folder of your own in SLUICE_CACHE; one that is not there is made.\n")
    process.exitCode = 2
  }
}
