import type { CheckReport } from "../CheckReport.ts"
import type { Paint } from "../color.ts"

type Writer = (report: CheckReport, paint: Paint) => string

/** Every format of `sluice check`; each is loaded when it is asked for. */
export const formats = {
  table: () => import("./table.ts").then(({ table }): Writer => table),
  json: () => import("./json.ts").then(({ json }): Writer => json),
  junit: () => import("./junit.ts").then(({ junit }): Writer => junit),
  codequality: () => import("./codequality.ts").then(({ codequality }): Writer => codequality),
  sarif: () => import("./sarif.ts").then(({ sarif }): Writer => sarif),
  github: () => import("./github.ts").then(({ github }): Writer => github),
  tap: () => import("./tap.ts").then(({ tap }): Writer => tap),
  markdown: () => import("./markdown.ts").then(({ markdown }): Writer => markdown)
} as const

export type Format = keyof typeof formats

export const formatNames = Object.keys(formats) as ReadonlyArray<Format>
