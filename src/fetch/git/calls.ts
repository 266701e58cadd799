import type { GitFailure } from "./GitFailure.ts"

/** Whom to ask, and with what. Lives in memory only. */
export interface Remote {
  /** Normalised, without userinfo. */
  readonly url: string
  /** Equal for equal URL, credentials and authority. */
  readonly key: string
  readonly username?: string
  readonly password?: string
  readonly bearerToken?: string
  /** PEM; trusted beside the system's authorities. */
  readonly certificateAuthority?: string
}

/** What a delivery follows: a branch, a tag, or the default branch where none is named. */
export interface Wanted {
  readonly kind: "branch" | "tag" | "default"
  readonly name: string
}

export interface Limits {
  /** Of one artifact, unpacked and packed. */
  readonly bytes: number
  readonly files: number
  /** Folders within folders. */
  readonly depth: number
  /** Bytes of one file that is read. */
  readonly fileBytes: number
}

export interface CommitObject {
  readonly hash: string
  readonly tree: string
  readonly author: { readonly name: string; readonly email: string }
  readonly committer: { readonly name: string; readonly email: string }
  readonly message: string
  readonly time: number
  readonly isSigned: boolean
}

export type EntryKind = "file" | "folder" | "link" | "module"

export interface TreeEntry {
  readonly name: string
  readonly kind: EntryKind
  readonly id: string
}

/** What the main thread asks of the worker: name to question and answer. */
export interface Calls {
  readonly resolve: {
    readonly ask: { readonly remote: Remote; readonly wanted: Wanted; readonly timeout: number }
    readonly answer: { readonly name: string; readonly hash: string }
  }
  /** Makes a commit available in a store; costs no request if it is there. */
  readonly fetch: {
    readonly ask: {
      readonly remote: Remote
      readonly directory: string
      readonly hash: string
      readonly limits: Limits
      readonly timeout: number
    }
    readonly answer: { readonly commit: CommitObject; readonly packs: number; readonly bytes: number }
  }
  /** The commit if the store has it, and undefined if not: no request either way. */
  readonly look: {
    readonly ask: { readonly directory: string; readonly hash: string }
    readonly answer: CommitObject | undefined
  }
  /** Every path that differs between two commits that are there; undefined if that cannot be told. */
  readonly compare: {
    readonly ask: {
      readonly directory: string
      /** Where else the earlier commit may be. */
      readonly older: string
      readonly earlier: string
      readonly later: string
      readonly limits: Limits
    }
    readonly answer: ReadonlyArray<string> | undefined
  }
  readonly trees: {
    readonly ask: { readonly directory: string; readonly ids: ReadonlyArray<string> }
    readonly answer: ReadonlyArray<ReadonlyArray<TreeEntry>>
  }
  /** All files' bytes one after another, and the length of each. */
  readonly read: {
    readonly ask: { readonly directory: string; readonly ids: ReadonlyArray<string>; readonly fileBytes: number }
    readonly answer: { readonly bytes: Uint8Array<ArrayBuffer>; readonly lengths: ReadonlyArray<number> }
  }
  readonly close: { readonly ask: { readonly directory: string }; readonly answer: undefined }
}

export type CallName = keyof Calls

export type Question =
  | { readonly [Name in CallName]: { readonly id: number; readonly call: Name; readonly ask: Calls[Name]["ask"] } }[
    CallName
  ]
  | { readonly id: number; readonly call: "cancel" }

export type Reply =
  | { readonly id: number; readonly answer: Calls[CallName]["answer"] }
  | { readonly id: number; readonly failure: GitFailure }

/** Given to the worker once, when it starts. */
export interface WorkerSettings {
  readonly proxy: { readonly http: string; readonly https: string; readonly none: string }
  /** Milliseconds after which a store that nobody asked is closed: 10,000 unless given. */
  readonly idle?: number
}
