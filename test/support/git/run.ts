import { spawn } from "node:child_process"
import { tmpdir } from "node:os"

/** The only environment that test Git sees: nothing of the person or the machine that runs the tests. */
export const gitEnvironment = {
  PATH: process.env["PATH"] ?? "/usr/bin:/bin",
  HOME: tmpdir(),
  LC_ALL: "C",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_TERMINAL_PROMPT: "0",
  GIT_AUTHOR_NAME: "Dana Developer",
  GIT_AUTHOR_EMAIL: "dana@example.com",
  GIT_COMMITTER_NAME: "Dana Developer",
  GIT_COMMITTER_EMAIL: "dana@example.com"
}

/** Runs the real git in a repository and returns what it printed, without the last line break. */
export const runGit = (
  repository: string,
  args: ReadonlyArray<string>,
  options?: { readonly input?: string | Uint8Array; readonly environment?: Readonly<Record<string, string>> }
): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn("git", ["--git-dir", repository, ...args], {
      env: { ...gitEnvironment, ...options?.environment },
      stdio: ["pipe", "pipe", "pipe"]
    })
    const out: Array<Buffer> = []
    const err: Array<Buffer> = []
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk))
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk))
    child.on("error", reject)
    child.stdin.on("error", () => {})
    child.on("close", (code) => {
      if (code === 0) resolve(Buffer.concat(out).toString().trimEnd())
      else reject(new Error(`git ${args.join(" ")} ended with ${code}: ${Buffer.concat(err).toString().trim()}`))
    })
    child.stdin.end(options?.input)
  })
