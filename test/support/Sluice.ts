import { spawn } from "node:child_process"
import { join } from "node:path"
import { createInterface } from "node:readline"

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
  options: {
    readonly cwd?: string
    readonly signal?: NodeJS.Signals
    readonly environment?: NodeJS.ProcessEnv
    /** The command of another package than this one. */
    readonly program?: string
  } = {}
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [options.program ?? program, ...args], {
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

/** A `sluice` that goes on until it is told to end: its lines as they come. */
export class LastingSluice {
  readonly lines: Array<string> = []
  stderr = ""
  readonly #child
  readonly #waiting = new Set<() => void>()
  readonly #closed: Promise<number | null>

  constructor(args: ReadonlyArray<string>, environment: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(process.execPath, [program, ...args], {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, NO_COLOR: "1", ...environment },
      stdio: ["ignore", "pipe", "pipe"]
    })
    this.#child.stderr.on("data", (chunk: Buffer) => {
      this.stderr += String(chunk)
      this.#wake()
    })
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      this.lines.push(line)
      this.#wake()
    })
    this.#closed = new Promise((resolve) => {
      this.#child.on("close", (code) => {
        resolve(code)
        this.#wake()
      })
    })
  }

  #wake() {
    for (const wake of this.#waiting) wake()
  }

  /** Resolves once the claim holds of what was written; rejects if the process ends before. */
  async until(claim: (lines: ReadonlyArray<string>, stderr: string) => boolean): Promise<void> {
    while (!claim(this.lines, this.stderr)) {
      if (this.#child.exitCode !== null) throw new Error(`sluice ended with ${this.#child.exitCode}: ${this.stderr}`)
      await new Promise<void>((resolve) => {
        const done = () => {
          this.#waiting.delete(done)
          resolve()
        }
        this.#waiting.add(done)
      })
    }
  }

  /** Sends a signal and waits for the end; the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null> {
    this.#child.kill(signal)
    return this.#closed
  }
}
