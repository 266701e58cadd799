import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { examine } from "../doctor/examine.ts"
import { failed, type Finding, undecided } from "../doctor/Finding.ts"
import type { JsonObject } from "../domain/Json.ts"
import { exitCodeOf, hintOf, InvalidSpec } from "../domain/StageError.ts"
import { installedIn } from "../install/standing.ts"
import { KubeClient } from "../kube/KubeClient.ts"
import { type Paint, painting } from "./color.ts"
import { type Given, textOf } from "./commandLine.ts"
import { json } from "./documents.ts"
import { defaultNamespace, namespaceSaid } from "./install.ts"
import * as print from "./print.ts"
import { refusal } from "./resources.ts"
import { durationOf } from "./scope.ts"

const styles = { ok: "green", warning: "yellow", failed: "red" } as const
const statusWidth = "warning".length
const checkWidth = "agent's rights".length

/** One finding as a line, and its remedy below it. */
export const linesOf = ({ check, message, remedy, status }: Finding, paint: Paint): string => {
  const line = `${paint(styles[status], status.padEnd(statusWidth))}   ${check.padEnd(checkWidth)}   ${message}`
  return status === "ok" || remedy === undefined ? line : `${line}\n  ${paint("cyan", "help:")} ${remedy}`
}

const count = (findings: ReadonlyArray<Finding>, status: Finding["status"]): number =>
  findings.filter((finding) => finding.status === status).length

/** The findings for programs. */
export const reportOf = (findings: ReadonlyArray<Finding>): JsonObject => ({
  apiVersion: "cli.sluice.dev/v1",
  kind: "DoctorReport",
  verdict: count(findings, "failed") > 0 ? "failed" : count(findings, "warning") > 0 ? "warning" : "ok",
  summary: { ok: count(findings, "ok"), warnings: count(findings, "warning"), failed: count(findings, "failed") },
  findings: findings.map(({ check, message, remedy, status }) => ({
    check,
    status,
    message,
    ...remedy === undefined ? {} : { remedy }
  }))
})

const addressOf = (text: string | undefined) =>
  text === undefined || /^https?:$/u.test(URL.parse(text)?.protocol ?? "")
    ? Effect.succeed(text)
    : Effect.fail(
      new InvalidSpec({ detail: `--hooks-url ${text} is no address`, hint: "Write it as https://sluice.example.com." })
    )

/** Says what is wrong and what would help; the first thing is whether the cluster answers at all. */
export const doctor = Effect.fn("doctor")(function*(given: Given, version: string) {
  const timeout = yield* durationOf(given, "timeout", "20s")
  const hooks = yield* addressOf(textOf(given, "hooks-url"))
  const said = yield* namespaceSaid(given)
  const isJson = textOf(given, "output") === "json"
  const paint = painting(process.stdout)
  const tell = (findings: ReadonlyArray<Finding>) =>
    isJson ? Effect.void : print.result(findings.map((finding) => linesOf(finding, paint)).join("\n"))
  const client = yield* KubeClient
  const time = yield* Effect.result(client.clock)
  if (Result.isFailure(time)) {
    const error = refusal(time.failure)
    const finding = failed("cluster", error.message, hintOf(error))
    yield* isJson ? print.result(json(reportOf([finding]), 2)) : tell([finding])
    return exitCodeOf(error)
  }
  const found = yield* Effect.orElseSucceed(installedIn, () => undefined)
  const findings = yield* examine({
    namespace: said ?? found ?? defaultNamespace,
    version,
    before: given.switches.has("pre"),
    hooks,
    timeout,
    time: time.success,
    tell
  })
  const [warnings, failures] = [count(findings, "warning"), count(findings, "failed")]
  yield* isJson
    ? print.result(json(reportOf(findings), 2))
    : print.result(`${count(findings, "ok")} ok, ${warnings} warnings, ${failures} failed`)
  const untold = undecided(findings)
  return failures > 0 ? 1 : untold === undefined ? 0 : untold === "refused" ? 4 : 2
})
