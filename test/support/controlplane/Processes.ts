import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, openSync, readFileSync } from "node:fs"
import { createServer } from "node:net"
import { basename, join } from "node:path"

// Reads process groups from its stdin. When that closes, because the owner closed it or died in whatever way, it
// kills them and, if it was given a folder, removes that.
const guard = `
while read -r pid; do pids="$pids $pid"; done
for pid in $pids; do kill -s KILL -- "-$pid" 2>/dev/null; done
[ -z "$1" ] || { sleep 0.2; rm -rf -- "$1"; }
`

export interface Processes {
  /** Starts a program; its output goes to `<folder>/<name>.log`. */
  readonly start: (file: string, args: ReadonlyArray<string>, environment?: Record<string, string>) => void
  /** Kills a program, does `meanwhile`, and starts it again as it was started. */
  readonly restart: (name: string, meanwhile: () => Promise<void>) => Promise<void>
  /** Resolves with what `attempt` gives, tried again while it throws; rejects at the deadline or if a process ends. */
  readonly until: <A>(what: string, attempt: () => Promise<A>, milliseconds?: number) => Promise<A>
  /** Kills all processes, waits for their end and removes the folder unless it is kept. */
  readonly stop: () => Promise<void>
}

const ended = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null

const end = (child: ChildProcess) => {
  if (child.pid === undefined || ended(child)) return Promise.resolve()
  child.ref()
  return new Promise<void>((resolve) => child.once("exit", () => resolve()))
}

const tail = (file: string) => readFileSync(file, "utf8").trim().split("\n").slice(-15).join("\n")

/** Processes that do not outlive this one, however it ends. */
export const makeProcesses = (folder: string, keep: boolean): Processes => {
  const guardian = spawn("/bin/sh", ["-c", guard, "guard", keep ? "" : folder], {
    detached: true, // a Ctrl-C in the terminal must not reach it before its work is done
    stdio: ["pipe", "ignore", "ignore"]
  })
  guardian.unref()
  const children = new Map<string, ChildProcess>()
  const starts = new Map<string, () => void>()

  const start: Processes["start"] = (file, args, environment = {}) => {
    const name = basename(file)
    const log = openSync(join(folder, `${name}.log`), "a")
    const child = spawn(file, args, {
      cwd: folder,
      detached: true,
      env: { ...process.env, ...environment },
      stdio: ["ignore", log, log]
    })
    closeSync(log)
    child.on("error", () => {}) // it has no pid then, and `until` reports it
    child.unref()
    if (child.pid !== undefined) guardian.stdin?.write(`${child.pid}\n`)
    children.set(name, child)
    starts.set(name, () => start(file, args, environment))
  }

  const restart: Processes["restart"] = async (name, meanwhile) => {
    const child = children.get(name)
    child?.kill("SIGKILL")
    if (child !== undefined) await end(child)
    await meanwhile()
    starts.get(name)?.()
  }

  const failed = () => [...children].find(([, child]) => child.pid === undefined || ended(child))?.[0]

  const until: Processes["until"] = async (what, attempt, milliseconds = 60_000) => {
    const deadline = Date.now() + milliseconds
    for (;;) {
      try {
        return await attempt()
      } catch (error) {
        const name = failed() ?? [...children.keys()].at(-1)
        if (failed() === undefined && Date.now() < deadline) {
          await new Promise((resolve) => setTimeout(resolve, 50))
          continue
        }
        throw new Error(
          `${what}: ${String(error)}\n${name} (log in ${folder}):\n${tail(join(folder, `${name}.log`))}`,
          { cause: error }
        )
      }
    }
  }

  const stop = async () => {
    guardian.stdin?.end()
    await Promise.all([...children.values(), guardian].map(end))
  }

  return { start, restart, until, stop }
}

/** Ports below those that the system gives to who asks for any: nobody takes one before its server does. */
const own = { from: 10_000, count: 6_000 }
/** Test files that run at the same time choose from different ones. */
const shares = 4
const share = Number(process.env.VITEST_POOL_ID ?? process.pid) % shares

const isFree = (port: number) =>
  new Promise<boolean>((resolve) => {
    const server = createServer().once("error", () => resolve(false))
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)))
  })

/** Loopback ports that are free. */
export const freePorts = async (count: number): Promise<ReadonlyArray<number>> => {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = own.from + Math.floor(Math.random() * own.count / shares) * shares + share
    if (await isFree(port)) ports.add(port)
  }
  return [...ports]
}
