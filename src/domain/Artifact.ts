import type * as Effect from "effect/Effect"
import type { Commit, Revision } from "./Revision.ts"
import type { FetchError, UnsafePath } from "./StageError.ts"

/** One file or folder of an artifact. Paths have no leading slash; the root is the empty path. */
export interface ArtifactEntry {
  readonly path: string
  readonly kind: "file" | "folder"
  /** Equal ids mean equal bytes (Git's object id, or a digest of the content). */
  readonly id: string
}

/**
 * The fetched tree of one revision.
 *
 * Every path goes through the one resolver (`fetch/paths.ts`): lexical and, on a file system, real path. What leaves the
 * tree, `.git` and its look-alikes are refused as `UnsafePath`; links inside the tree are followed, others refused.
 */
export interface Artifact {
  readonly revision: Revision
  readonly commit: Commit | undefined
  /** Where the source lives, without credentials; for links in messages. */
  readonly url: string
  /** Of the whole tree. */
  readonly digest: string
  /** Resolves a reference found in the file or folder `from` to a path of the tree. Does not say whether it exists. */
  readonly resolve: (from: string, reference: string) => Effect.Effect<string, UnsafePath>
  /** The entry at a path, links followed; undefined if there is none. */
  readonly entry: (path: string) => Effect.Effect<ArtifactEntry | undefined, FetchError | UnsafePath>
  /** The entries of one folder, sorted by name; empty if there is no such folder. */
  readonly list: (folder: string) => Effect.Effect<ReadonlyArray<ArtifactEntry>, FetchError | UnsafePath>
  /** Every file below a folder, sorted by path, without `.git`. */
  readonly walk: (folder: string) => Effect.Effect<ReadonlyArray<ArtifactEntry>, FetchError | UnsafePath>
  /** The bytes of files, in the order asked for; one call for many files is much cheaper than many calls. */
  readonly read: (
    paths: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyArray<Uint8Array>, FetchError | UnsafePath>
  /**
   * Every path that differs from an earlier revision of the same source: files and folders, those that are gone too, and
   * each folder above them up to the root. Paths that are not in it read the same as then. Undefined if that cannot be
   * told; sources without revisions leave it out. Asked for by many at once it is found out once.
   */
  readonly changedSince?: (earlier: Revision) => Effect.Effect<ReadonlySet<string> | undefined, FetchError>
}
