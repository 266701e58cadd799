import * as Context from "effect/Context"
import type { RunTrace } from "./RunTrace.ts"

/** Where traces of runs go. */
export interface TracesState {
  /** Whether anybody wants them: without, nothing is kept. */
  readonly isOn: boolean
  /** Takes the trace of a run that ended; returns at once. */
  readonly ended: (trace: RunTrace) => void
}

/** Nowhere, unless a collector is named. */
export const Traces = Context.Reference<TracesState>("sluice/telemetry/Traces", {
  defaultValue: () => ({ isOn: false, ended: () => {} })
})
