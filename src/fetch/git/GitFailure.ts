/** What went wrong in the worker, in a shape that crosses threads. `damaged`: our own copy is not to be trusted. */
export interface GitFailure {
  readonly kind: "auth" | "failed" | "spec" | "damaged"
  readonly detail: string
  readonly class?: "transient" | "stalled"
  readonly hint?: string
  /** The server answered, and has no such branch or tag. */
  readonly isRefMissing?: boolean
  /** Milliseconds. */
  readonly retryAfter?: number
}

/** A failure on its way to the main thread. */
export class GitError extends Error {
  readonly failure: GitFailure
  constructor(failure: GitFailure) {
    super(failure.detail)
    this.failure = failure
  }
}

/** Nothing but a change of the source or of the delivery helps. */
export const stalled = (detail: string, hint?: string): GitError =>
  new GitError({ kind: "failed", class: "stalled", detail, ...hint === undefined ? {} : { hint } })

export const transient = (detail: string): GitError => new GitError({ kind: "failed", class: "transient", detail })

export const damaged = (detail: string): GitError => new GitError({ kind: "damaged", detail })

/** One line of a server's text, cut to a length that fits a message. */
export const oneLine = (text: string, length = 300): string => {
  const line = text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/gu, " ").trim()
  return line.length <= length ? line : `${line.slice(0, length)}…`
}
