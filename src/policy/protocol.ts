import type { Json } from "../domain/Json.ts"
import type { Given } from "./documents.ts"
import type { Subject } from "./Rule.ts"

/** Of one document. The wasm holds some fifteen times as much as the text has. */
export const maximumBytes = { object: 1_500_000, changeset: 16_000_000, combined: 16_000_000, review: 3_100_000 }

/** What a rule said about a document, or why it could not say anything. */
export interface Finding {
  /** Which of the loaded policies, by index. */
  readonly bundle: number
  /** Which of its rules; undefined where an error belongs to no rule that is known. */
  readonly rule?: number
  readonly message: string
  readonly isError?: true
  /** Nothing else is known of the document: no bundle has judged it to the end. */
  readonly isAbandoned?: true
  /** conftest's `exception` lets it through. */
  readonly isExcepted?: true
  /** `path` or `details.path` of the result, as the policy wrote it. */
  readonly path?: Json
  /** `_loc` of the result. */
  readonly location?: { readonly file: string; readonly line?: number }
  /** `operation` of the result: which of a changeset's it is about. */
  readonly operation?: string
}

/** One compiled bundle on its way to a worker. */
export interface Loadable {
  readonly module: WebAssembly.Module
  /** JSON text of the documents beside the policies, and what comes on top: put together in the thread. */
  readonly data: string
  readonly given: Given
  /** What each of its rules judges. */
  readonly rules: ReadonlyArray<Subject>
}

export interface Load {
  readonly type: "load"
  readonly policies: ReadonlyArray<Loadable>
}

/** `documents`: judge each by all rules. `rules`: judge the first rule by rule, to find the one that hangs. */
export interface Judge {
  readonly type: "judge"
  readonly by: "documents" | "rules"
  readonly judges: Subject
  /** JSON texts, one behind the other. */
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly lengths: ReadonlyArray<number>
  /** What the entrypoint has to say that it saw, as JSON text. */
  readonly identities: ReadonlyArray<string>
  /** Documents begun, rules begun, and when the last document was: `stamp` of the time. */
  readonly progress: SharedArrayBuffer
  /** Nanoseconds since the epoch: the decision's one time. */
  readonly now: bigint
}

export type Request = Load | Judge

export type Reply =
  | { readonly type: "ready" }
  | { readonly type: "failed"; readonly detail: string }
  | {
    readonly type: "judged"
    /** Of each document, in the order of the request. */
    readonly findings: ReadonlyArray<ReadonlyArray<Finding>>
    /** A verdict that looked at the clock holds for its moment only. */
    readonly dependsOnTime: boolean
  }

/** Milliseconds in 31 bits, to be compared with another by `since`. */
export const stamp = (milliseconds: number): number => milliseconds % 2 ** 31

/** Milliseconds from one stamp to the next. */
export const since = (earlier: number, later: number): number => (later - earlier + 2 ** 31) % 2 ** 31
