import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as LogLevel from "effect/LogLevel"
import * as References from "effect/References"
import { Redactions } from "./domain/redact.ts"

const levels: Readonly<Record<string, LogLevel.LogLevel>> = {
  debug: "Debug",
  info: "Info",
  warning: "Warn",
  error: "Error"
}

/** `message key=value …`, one line to stderr: stdout is for results. The last redactor stands before it. */
const lines = Logger.make<unknown, void>((options) => {
  const known = Context.get(options.fiber.context, Redactions)
  process.stderr.write(`${known.redact(Logger.formatLogFmt.log(options))}\n`)
})

/** How the process logs. Unknown levels mean `info`. */
export const logging = (level: string) =>
  Layer.merge(Logger.layer([lines]), Layer.succeed(References.MinimumLogLevel, levels[level] ?? "Info"))
