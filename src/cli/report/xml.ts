/** What XML 1.0 cannot say at all. */
const forbidden = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "\"": "&quot;",
  "\n": "&#10;",
  "\r": "&#13;",
  "\t": "&#9;"
}

const escape = (text: string): string =>
  text.toWellFormed().replace(forbidden, "\uFFFD").replace(/[&<>"\n\r\t]/gu, (character) => entities[character]!)

export type Attributes = Readonly<Record<string, string | number | undefined>>

const open = (name: string, attributes: Attributes): string =>
  [
    name,
    ...Object.entries(attributes).filter(([, value]) => value !== undefined)
      .map(([key, value]) => `${key}="${escape(String(value))}"`)
  ].join(" ")

/** One element with text inside, on one line. */
export const leaf = (name: string, attributes: Attributes, text = ""): string =>
  text === "" ? `<${open(name, attributes)}/>` : `<${open(name, attributes)}>${escape(text)}</${name}>`

/** One element with elements inside, indented. */
export const element = (name: string, attributes: Attributes, children: ReadonlyArray<string>): string =>
  children.length === 0 ? leaf(name, attributes) : [
    `<${open(name, attributes)}>`,
    ...children.map((child) => child.replace(/^/gmu, "  ")),
    `</${name}>`
  ].join("\n")
