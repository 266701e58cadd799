import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { join } from "node:path"
import { createInterface } from "node:readline"

/** One line of `sluice run -o json`, as far as the demo and the tests read it. */
export interface RunLine {
  readonly time: string
  readonly delivery: string
  readonly run: string
  readonly event: "run-started" | "stage-started" | "stage-finished" | "run-interrupted" | "outcome"
  readonly stage?: string
  readonly revision?: string
  readonly durationMs?: number
  readonly note?: string
  readonly by?: string
  readonly outcome?: "Applied" | "Unchanged" | "Denied" | "Failed" | "Interrupted"
  readonly changes?: Readonly<Record<string, number>>
  readonly error?: { readonly reason: string; readonly message: string; readonly hint: string }
}

const root = join(import.meta.dirname, "..", "..")

/** A real `sluice run -o json` process: its lines, and promises of lines to come. */
export class Agent {
  readonly lines: Array<RunLine> = []
  readonly process: ChildProcess
  stderr = ""
  readonly #waiting = new Set<() => void>()

  constructor(args: ReadonlyArray<string>, environment: Readonly<Record<string, string>> = {}) {
    this.process = spawn(process.execPath, [join(root, "src", "sluice.js"), "run", "-o", "json", ...args], {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
      stdio: ["ignore", "pipe", "pipe"]
    })
    this.process.stderr!.on("data", (chunk: Buffer) => this.stderr = (this.stderr + chunk.toString()).slice(-20_000))
    createInterface({ input: this.process.stdout! }).on("line", (line) => {
      this.lines.push(JSON.parse(line) as RunLine)
      this.#wake()
    })
    this.process.on("exit", () => this.#wake())
  }

  #wake() {
    for (const wake of this.#waiting) wake()
  }

  get #ended() {
    return this.process.exitCode !== null || this.process.signalCode !== null
  }

  /** The first line from `from` on for which the claim holds; fails when the process ends or time is up. */
  async line(claim: (line: RunLine) => boolean, timeoutMs = 60_000, from = 0): Promise<RunLine> {
    const found = () => this.lines.slice(from).find(claim)
    const deadline = Date.now() + timeoutMs
    for (;;) {
      const line = found()
      if (line !== undefined) return line
      if (this.#ended) throw new Error(`sluice ended with ${this.process.exitCode}: ${this.stderr}`)
      const left = deadline - Date.now()
      if (left <= 0) {
        const last = this.lines.slice(-5).map((line) => JSON.stringify(line)).join("\n")
        throw new Error(`nothing of the kind within ${timeoutMs} ms; the last lines were\n${last}\n${this.stderr}`)
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, left)
        const waiting = this.#waiting
        function done() {
          clearTimeout(timer)
          waiting.delete(done)
          resolve()
        }
        waiting.add(done)
      })
    }
  }

  /** The outcome of a delivery on a commit, interruptions apart. */
  outcome(delivery: string, commit: string, timeoutMs = 60_000): Promise<RunLine> {
    return this.line(
      (line) =>
        line.event === "outcome" && line.delivery === delivery && line.outcome !== "Interrupted" &&
        line.revision?.endsWith(commit) === true,
      timeoutMs
    )
  }

  /** Ends the process as an operator would; its exit code. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    if (!this.#ended) {
      this.process.kill(signal)
      await once(this.process, "exit")
    }
    return this.process.exitCode
  }

  /** Waits for the process to end by itself. */
  async exit(): Promise<number | null> {
    if (!this.#ended) await once(this.process, "exit")
    return this.process.exitCode
  }
}
