import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type * as LogLevel from "effect/LogLevel"
import * as References from "effect/References"
import { Redactions } from "../domain/redact.ts"

const levels: Readonly<Record<string, LogLevel.LogLevel>> = {
  debug: "Debug",
  info: "Info",
  warning: "Warn",
  error: "Error"
}

const words: Readonly<Record<string, string>> = {
  TRACE: "trace",
  DEBUG: "debug",
  INFO: "info",
  WARN: "warning",
  ERROR: "error",
  FATAL: "fatal"
}

/** One JSON object: `ts`, `level`, `msg`, then its annotations; what concerns a Delivery has those of `aboutDelivery`. */
const json = Logger.map(
  Logger.formatStructured,
  ({ annotations, cause, level, message, timestamp }) =>
    JSON.stringify({
      ts: timestamp,
      level: words[level] ?? level,
      msg: message,
      ...annotations,
      ...cause === undefined ? {} : { cause }
    })
)

/** One line to stderr: stdout is for results. The last redactor stands before it. */
const lines = (format: Logger.Logger<unknown, string>) =>
  Logger.make<unknown, void>((options) => {
    const known = Context.get(options.fiber.context, Redactions)
    process.stderr.write(`${known.redact(format.log(options))}\n`)
  })

/**
 * How the process logs: `logfmt` (`message key=value …`) or `json`; unknown formats mean `logfmt`, unknown levels `info`.
 */
export const logging = (level: string, format: string) =>
  Layer.merge(
    Logger.layer([lines(format === "json" ? json : Logger.formatLogFmt)]),
    Layer.succeed(References.MinimumLogLevel, levels[level] ?? "Info")
  )
