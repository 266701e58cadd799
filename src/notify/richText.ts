/** A piece of a line in a message; each sink has its own notation for it. The text is not yet escaped. */
export type Span =
  | string
  | { readonly strong: string }
  | { readonly code: string }
  | { readonly emphasis: string }
  | { readonly link: string; readonly url: string | undefined }
  /** Milliseconds since the epoch, and how it reads where nobody knows the reader's zone. */
  | { readonly time: number; readonly text: string }

export type RichText = ReadonlyArray<Span>

/** The words without any notation. */
export const textOf = (text: RichText): string =>
  text.map((span) =>
    typeof span === "string"
      ? span
      : "strong" in span
      ? span.strong
      : "code" in span
      ? span.code
      : "emphasis" in span
      ? span.emphasis
      : "link" in span
      ? span.link
      : span.text
  ).join("")

/** The parts with a separator between those that say something. */
export const join = (parts: ReadonlyArray<RichText>, separator: string): RichText =>
  parts.filter((part) => part.length > 0).flatMap((part, index) =>
    index === 0 ? part : [separator as Span].concat(part)
  )

/** An address that a person may safely follow: http or https, and nothing else. */
export const webAddress = (url: string | undefined): string | undefined => {
  if (url === undefined || !URL.canParse(url)) return undefined
  const { href, password, protocol, username } = new URL(url)
  return (protocol === "https:" || protocol === "http:") && username === "" && password === "" ? href : undefined
}
