import { readFileSync } from "node:fs"

/** Help by verb, as `sluice generate` wrote it; the empty name is the program's own. */
type Help = Readonly<Record<string, string>>

/** Where the help lies ready: printing it loads neither Effect nor the commands. */
export const helpFile = new URL("./help.json", import.meta.url)

const asksForHelp = (argument: string): boolean => argument === "--help" || argument === "-h"

/** The help that these arguments ask for; undefined if they ask for something else. */
export const helpFor = (args: ReadonlyArray<string>): string | undefined => {
  const end = args.indexOf("--")
  const given = end === -1 ? args : args.slice(0, end)
  const verb = given.find((argument) => !argument.startsWith("-"))
  const bare = given.length === 0
  if (!bare && !given.some(asksForHelp)) return undefined
  const help: Help = JSON.parse(readFileSync(helpFile, "utf8"))
  return help[verb ?? ""]
}
