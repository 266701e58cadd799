import * as Schema from "effect/Schema"

/**
 * A message did not arrive, or could not. Says why without the address and without the token: both are secrets.
 *
 * `reason`, where it speaks against the Notifier: `InvalidSpec` and `AccessDenied` of itself and its Secret, before anything
 * was sent; `AuthFailed` and `NotifyFailed` by what its sink answered.
 */
export class SendFailed extends Schema.TaggedError<SendFailed>()("SendFailed", {
  why: Schema.String,
  reason: Schema.optionalKey(Schema.Literals(["InvalidSpec", "AccessDenied", "AuthFailed", "NotifyFailed"])),
  /** Whether trying again can help. */
  retryable: Schema.Boolean,
  /** Milliseconds that the other side asked us to wait. */
  retryAfter: Schema.optionalKey(Schema.Finite)
}) {
  override get message() {
    return this.why
  }
}

/** Whether it goes on once somebody mends the Notifier or its Secret, and not before. */
export const isMendable = ({ reason }: SendFailed): boolean => reason === "InvalidSpec" || reason === "AccessDenied"
