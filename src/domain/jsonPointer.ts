/** Names and indices on the way to a value in a document. */
export type Place = ReadonlyArray<string>

/** The place that a JSON pointer (RFC 6901) names: `/metadata/annotations/example.com~1owner`. */
export const parse = (pointer: string): Place =>
  pointer.split("/").slice(1).map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"))

/** Whether a place is another one, or lies within it. */
export const isWithin = (place: Place, other: Place): boolean => other.every((name, index) => place[index] === name)
