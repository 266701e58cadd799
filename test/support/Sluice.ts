import { spawn } from "node:child_process"
import { join } from "node:path"

const program = join(import.meta.dirname, "..", "..", "src", "sluice.js")

/** How a command ended, and what a person read of it. */
export interface Answer {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  readonly text: string
}

/** Runs `sluice` as a process of its own, to its end or to the `signal` that is sent after the first line of stdout. */
export const sluice = (
  args: ReadonlyArray<string>,
  options: { readonly cwd?: string; readonly signal?: NodeJS.Signals; readonly environment?: NodeJS.ProcessEnv } = {}
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], {
      cwd: options.cwd,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, NO_COLOR: "1", ...options.environment },
      stdio: ["ignore", "pipe", "pipe"]
    })
    let [stdout, stderr] = ["", ""]
    child.stderr.on("data", (chunk: Buffer) => stderr += String(chunk))
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += String(chunk)
      if (options.signal !== undefined) child.kill(options.signal)
    })
    child.on("error", reject)
    child.on("close", (code) => resolve({ code, stdout, stderr, text: stdout + stderr }))
  })
