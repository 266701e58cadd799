import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { KubeFailure } from "../domain/StageError.ts"

/** The parts of a delivery's record: what it owns, what it still has to tell, and the policies that are in force. */
export type RecordPart = "inventory" | "outbox" | "policies"

/**
 * The right to write Sluice's own record of one delivery, and nothing else: chunked, compressed ConfigMaps in the
 * delivery's namespace (in `default` while that namespace is still to be created; a record stays where it was first
 * written).
 */
export class KubeStatus extends Context.Service<KubeStatus, {
  /** The bytes last saved, or undefined. A record that cannot be read whole is a failure, never an empty one. */
  readonly load: (part: RecordPart) => Effect.Effect<Uint8Array | undefined, KubeFailure>
  /** Replaces a part as one: a reader sees the old or the new bytes. No request if nothing changed since load or save. */
  readonly save: (part: RecordPart, bytes: Uint8Array) => Effect.Effect<void, KubeFailure>
  readonly remove: (part: RecordPart) => Effect.Effect<void, KubeFailure>
  /** Removes all of it, the key included: its delivery is no more. */
  readonly forget: Effect.Effect<void, KubeFailure>
  /**
   * 32 random bytes, in a Secret beside the record, under which the record hides what must not be guessed: `make` makes
   * them, `find` does not. Undefined where there are none, or where this identity may not use Secrets.
   */
  readonly key: (how: "find" | "make") => Effect.Effect<Uint8Array | undefined, KubeFailure>
}>()("sluice/kube/KubeStatus") {}
