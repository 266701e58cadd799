import type { ObjectRef } from "./ObjectRef.ts"

/** Health in kstatus' words. `Failed` is terminal: no amount of waiting helps. */
export type HealthStatus = "Current" | "InProgress" | "Failed" | "Terminating" | "NotFound"

export interface Health {
  readonly ref: ObjectRef
  readonly status: HealthStatus
  /** What is missing, in one line. */
  readonly message: string
}

/** What a rendered chart may ask of its cluster. */
export interface Capabilities {
  /** `v1.36.3` */
  readonly version: string
  /** `apps/v1`, `apps/v1/Deployment`, … */
  readonly apiVersions: ReadonlyArray<string>
}
