import type { TestReport } from "./TestReport.ts"

/** The report as it is: one document. */
export const json = (report: TestReport): string => `${JSON.stringify(report, null, 2)}\n`
