import { readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import type { AgentProcess } from "../support/AgentGround.ts"

/** What an agent held at a moment at which it had nothing to do and its garbage was collected. Bytes are MiB. */
export interface Vitals {
  readonly resident: number
  readonly heap: number
  /** Buffers and other memory that the heap refers to, of the main thread. */
  readonly external: number
  readonly handles: number
  readonly sockets: number
  readonly threads: number
  readonly data: number
  readonly dataFiles: number
  readonly temporary: number
  readonly packs: number
}

const mebibyte = 1024 * 1024

const onDisk = (folder: string): { readonly files: number; readonly bytes: number; readonly packs: number } => {
  let [files, bytes, packs] = [0, 0, 0]
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const { blocks } = statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false }) ?? { blocks: 0 }
    files++
    bytes += blocks * 512
    if (entry.name.endsWith(".pack")) packs++
  }
  return { files, bytes, packs }
}

/** Open files of a process: a link that is gone meanwhile was closed. */
const handlesOf = (pid: number): ReadonlyArray<string> =>
  readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)]
    } catch {
      return []
    }
  })

const statusOf = (pid: number, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, "mu").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1])

/** Looks into an agent that was started with `nodeArgs` and `environment`. */
export class Watcher {
  readonly nodeArgs: ReadonlyArray<string>
  readonly environment: Readonly<Record<string, string>>
  readonly #file: string
  readonly #temporary: string
  readonly #snapshots = process.env.SLUICE_BENCH_HEAP

  /** `folder`: where it writes; `temporary`: what the agent takes for `/tmp`. */
  constructor(folder: string, temporary: string) {
    this.#file = join(folder, "vitals")
    this.#temporary = temporary
    writeFileSync(this.#file, "")
    this.nodeArgs = ["--expose-gc", `--import=${new URL("./vitals.js", import.meta.url).href}`]
    this.environment = {
      TMPDIR: temporary,
      // As in the cluster.
      MALLOC_ARENA_MAX: "1",
      SLUICE_BENCH_VITALS: this.#file,
      ...this.#snapshots === undefined ? {} : { SLUICE_BENCH_HEAP: this.#snapshots }
    }
  }

  /** `isSnapped`: with a snapshot of the heap in the folder `SLUICE_BENCH_HEAP`, if it is set. */
  async look({ dataFolder, process: { pid = 0 } }: AgentProcess, isSnapped = false): Promise<Vitals> {
    if (isSnapped && this.#snapshots !== undefined) writeFileSync(join(this.#snapshots, "take"), "")
    const told = () => readFileSync(this.#file, "utf8").split("\n").slice(0, -1)
    const before = told().length
    process.kill(pid, "SIGUSR2")
    while (told().length === before) await sleep(100)
    const { external, heapUsed } = JSON.parse(told().at(-1)!) as {
      readonly external: number
      readonly heapUsed: number
    }
    const [data, handles] = [onDisk(dataFolder), handlesOf(pid)]
    return {
      resident: statusOf(pid, "VmRSS") / 1024,
      heap: heapUsed / mebibyte,
      external: external / mebibyte,
      handles: handles.length,
      sockets: handles.filter((target) => target.startsWith("socket:")).length,
      threads: statusOf(pid, "Threads"),
      data: data.bytes / mebibyte,
      dataFiles: data.files,
      temporary: onDisk(this.#temporary).files,
      packs: data.packs
    }
  }
}
