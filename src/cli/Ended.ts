import * as Data from "effect/Data"

/** A verb has answered, and not with "well": the process ends with this code and says no more. */
export class Ended extends Data.TaggedError("Ended")<{ readonly code: number }> {}
