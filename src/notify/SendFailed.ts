import * as Schema from "effect/Schema"

/** A message did not arrive. Says why without the address and without the token: both are secrets. */
export class SendFailed extends Schema.TaggedError<SendFailed>()("SendFailed", {
  why: Schema.String,
  /** Whether trying again can help. */
  retryable: Schema.Boolean,
  /** Milliseconds that the other side asked us to wait. */
  retryAfter: Schema.optionalKey(Schema.Finite)
}) {
  override get message() {
    return this.why
  }
}
