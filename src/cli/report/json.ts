import type { CheckReport } from "../CheckReport.ts"

/** The report as it is: one document. */
export const json = (report: CheckReport): string => `${JSON.stringify(report, null, 2)}\n`
