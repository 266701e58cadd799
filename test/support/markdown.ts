/** A fenced block of a page. */
export interface Block {
  /** `deploy/docs/upgrade.md:12` */
  readonly where: string
  readonly language: string
  /** What follows the language: `no-run needs Docker`. */
  readonly info: string
  readonly text: string
}

/** The fenced blocks of a page, those in lists as well, without their indentation. */
export const blocksOf = (file: string, page: string): ReadonlyArray<Block> =>
  [...page.matchAll(/^( *)```(\w*)[ \t]*([^\n]*)\n([\s\S]*?)^\1```$/gmu)].map((match) => {
    const [, indent = "", language = "", info = "", text = ""] = match
    const line = page.slice(0, match.index).split("\n").length
    return {
      where: `${file}:${line}`,
      language,
      info: info.trim(),
      text: text.split("\n").map((each) => each.startsWith(indent) ? each.slice(indent.length) : each).join("\n")
    }
  })

/** Where the commands of a page run, from the root of the project: `<!-- Run in deploy/samples/shop. -->`. */
export const folderOf = (page: string): string => /<!-- Run in (\S+)\. -->/u.exec(page)?.[1] ?? "."

/** The commands of a shell block, each on a line; comments and empty lines are left out. One script where it has more. */
export const commandsOf = (text: string): ReadonlyArray<string> =>
  text.includes("<<")
    ? [text]
    : text.replaceAll("\\\n", " ").split("\n").map((line) => line.replace(/(^|\s)#.*$/u, "").trim())
      .filter((line) => line !== "")

/** The commands of a console block, with what they show. */
export const shownIn = (text: string): ReadonlyArray<{ readonly command: string; readonly output: string }> =>
  text.split(/^\$ /mu).slice(1).map((part) => {
    const [command = "", ...output] = part.split("\n")
    return { command, output: output.join("\n") }
  })

/** The arguments of each `sluice` in a command, words in quotes as one. */
export const sluicesIn = (command: string): ReadonlyArray<ReadonlyArray<string>> =>
  command.split(/&&|\||;|\n/u).map((part) => part.trim().replace(/^npx /u, "")).filter((part) =>
    /^sluice(\s|$)/u.test(part)
  )
    .map((part) =>
      [...part.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/gu)].map(([, double, single, word]) =>
        double ?? single ?? word ?? ""
      )
        .slice(1)
        .filter((word, index, all) => !/^\d?>/u.test(word) && !/^\d?>$/u.test(all[index - 1] ?? ""))
    )

/** The same text with all that differs from run to run told alike: times, hashes, ages, widths. */
export const settled = (text: string): string =>
  text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/gu, "TIME").replace(/\b[0-9a-f]{8,64}\b/gu, "HASH")
    .replace(/\b\d+(\.\d+)? ?(ms|s|m|h|d)\b/gu, "AGE").replace(/(AGE)+/gu, "AGE").replace(/[ \t]+/gu, " ").trim()

/** Whether an output is the one shown; a line `…` stands for any number of lines. */
export const fits = (output: string, shown: string): boolean => {
  const literal = (line: string) => line.replace(/[.*+?^${}()|[\]\\]/gu, "\\$&")
  const pattern = settled(shown).split("\n").map((line) => line.trim() === "…" ? "[^]*" : literal(line)).join("\n")
    .replaceAll("\n[^]*\n", "\n[^]*")
  return new RegExp(`^${pattern}$`, "u").test(settled(output))
}
