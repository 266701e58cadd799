import { spawnSync } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { median as middle, row } from "./Ground.ts"

const root = join(import.meta.dirname, "..", "..")
const rounds = 21

/** Wall-clock milliseconds of whole processes. The commands take turns, so that a busy moment hits all of them. */
const measure = (commands: Readonly<Record<string, ReadonlyArray<string>>>, cwd: string) => {
  const times = new Map(Object.keys(commands).map((name) => [name, new Array<number>()]))
  for (let round = -2; round < rounds; round++) {
    for (const [name, args] of Object.entries(commands)) {
      const start = performance.now()
      const { status, stderr } = spawnSync(process.execPath, args, { cwd, encoding: "utf8" })
      const took = performance.now() - start
      if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`)
      // The first rounds fill the caches.
      if (round >= 0) times.get(name)!.push(took)
    }
  }
  return Object.fromEntries([...times].map(([name, all]) => [name, { median: middle(all), best: Math.min(...all) }]))
}

const goals: Readonly<Record<string, string>> = { "sluice --help": "goal 5 times", "sluice check": "goal 12 times" }

/** Start-up as it is felt, against an empty Node: help within 5 times, a check of a small folder within 12 times. */
export const startup = async (): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-startup-"))
  try {
    cpSync(join(root, "deploy", "samples", "shop"), folder, { recursive: true })
    mkdirSync(join(folder, ".git"))
    const sluice = join(root, "src", "sluice.js")
    const figures = measure({
      "node -e 0": ["-e", "0"],
      "sluice --help": [sluice, "--help"],
      "sluice check": [sluice, "check", "base"],
      "sluice check (kustomize)": [sluice, "check", "environments/prod"]
    }, folder)
    const empty = figures["node -e 0"]!
    for (const [name, { best, median }] of Object.entries(figures)) {
      const times = `${(median / empty.median).toFixed(1)} times an empty Node`
      row(name, `${median.toFixed(0)} ms [${best.toFixed(0)}]: ${times}`, goals[name])
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (process.argv[1] === import.meta.filename) await startup()
