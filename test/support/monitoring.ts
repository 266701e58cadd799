import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { parse } from "yaml"
import { findPrograms } from "./controlplane/programs.ts"

export const monitoring = join(import.meta.dirname, "..", "..", "deploy", "components", "monitoring")

export interface Alert {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

export interface Rules {
  readonly groups: ReadonlyArray<{ readonly name: string; readonly rules: ReadonlyArray<Alert> }>
}

/** The alerts as they are shipped. */
export const rules = (): Rules => parse(readFileSync(join(monitoring, "prometheusrule.yaml"), "utf8")).spec

/** The expressions of the dashboard's panels. */
export const panelExpressions = (): ReadonlyArray<string> => {
  const { panels } = JSON.parse(readFileSync(join(monitoring, "dashboard.json"), "utf8")) as {
    readonly panels: ReadonlyArray<{ readonly targets?: ReadonlyArray<{ readonly expr: string }> }>
  }
  return panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
}

/** The metrics that an expression names, those of a histogram by its own name. */
export const metricsIn = (expression: string): ReadonlyArray<string> =>
  [...expression.matchAll(/\b(?:sluice|process|nodejs)_[a-z0-9_]+\b(?!\s*=)/gu)].map(([name]) =>
    name.replace(/_seconds_(?:bucket|sum|count)$/u, "_seconds")
  )

/** Runs promtool; its exit code and all that it says. */
export const promtool = async (
  args: ReadonlyArray<string>,
  options: { readonly cwd?: string; readonly input?: string } = {}
): Promise<{ readonly code: number; readonly output: string }> => {
  const program = (await findPrograms(["promtool"], console.error)).get("promtool")!
  const running = promisify(execFile)(program, args, { cwd: options.cwd, maxBuffer: 16 * 1024 * 1024 })
  running.child.stdin?.end(options.input ?? "")
  return running.then(
    ({ stderr, stdout }) => ({ code: 0, output: stdout + stderr }),
    ({ code, stderr, stdout }) => ({ code, output: `${stdout}${stderr}` })
  )
}
