/** What a status has to know beside what happened. */
export interface Facts {
  /** RFC 3339. */
  readonly now: string
  /** Of the Delivery that the lane runs with. */
  readonly generation: number
  /** `spec.apply.wait` */
  readonly waits: boolean
  /** Sees every text of somebody else's before it is cut to size. */
  readonly redact: (text: string) => string
  /** The value of the annotation that the run in progress answers. */
  readonly requestedAt?: string | undefined
  /** The policy bundles that the run in progress is judged by. */
  readonly bundles?: ReadonlyArray<{ readonly name: string; readonly digest: string }> | undefined
}
