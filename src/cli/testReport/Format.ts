import type { Formats } from "../outputs.ts"
import type { TestReport } from "./TestReport.ts"

/** Every format of `sluice test`; each is loaded when it is asked for. */
export const formats: Formats<"table" | "json" | "junit" | "tap" | "github", TestReport> = {
  table: () => import("./table.ts").then(({ table }) => table),
  json: () => import("./json.ts").then(({ json }) => json),
  junit: () => import("./junit.ts").then(({ junit }) => junit),
  tap: () => import("./tap.ts").then(({ tap }) => tap),
  github: () => import("./github.ts").then(({ github }) => github)
}
