#!/usr/bin/env node
// Plain JavaScript, so that every Node can read it, and so that the code cache is on before the first file of types:
// loading what strips them costs 40 ms, as much as an empty Node.
import * as module from "node:module"
import { homedir } from "node:os"
import { join } from "node:path"

if (Number(process.versions.node.split(".")[0]) < 24) {
  process.stderr.write(`error: Sluice needs Node 24 or newer; this is ${process.version}\n`)
  process.exitCode = 2
} else {
  const { SLUICE_CACHE, XDG_CACHE_HOME } = process.env
  module.enableCompileCache(join(SLUICE_CACHE || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "sluice"), "code"))
  await import("./main.ts")
}
