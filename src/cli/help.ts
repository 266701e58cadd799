import { type Flag, type VerbName, verbNames, verbOf } from "./verbs.ts"

const columns = (rows: ReadonlyArray<readonly [string, string]>): ReadonlyArray<string> => {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}   ${right}`)
}

const flagRow = ([name, flag]: readonly [string, Flag]): readonly [string, string] => [
  `${flag.short === undefined ? "    " : `-${flag.short}, `}--${name}${
    flag.value === undefined ? "" : ` ${flag.value}`
  }`,
  [
    flag.about,
    ...flag.choices === undefined ? [] : [`: ${flag.choices.join(" or ")}`],
    ...flag.repeated === true ? [" (repeatable)"] : [],
    ...flag.required === true ? [" (required)"] : []
  ].join("")
]

const helpFlag = ["    --help", "show this"] as const

/** The help of the program. */
export const help: string = [
  "Sluice is a GitOps agent for Kubernetes that refuses bad changes and tells their author why.",
  "",
  "Usage: sluice <verb> [flags]",
  "",
  ...columns(verbNames.filter((name) => verbOf(name).hidden !== true).map((name) => [name, verbOf(name).about])),
  "",
  ...columns([["--version", "show the version"], ["<verb> --help", "show what a verb takes"]]),
  "",
  "Exit codes: 0 answered and well; 1 answered and not; 2 could not answer; 3 timed out; 4 refused by the cluster.",
  "The first thing to try: sluice check <folder of manifests>",
  ""
].join("\n")

/** The help of one verb. */
export const helpOf = (name: VerbName): string => {
  const { about, examples, flags, more, operands } = verbOf(name)
  return [
    `${about}.`,
    ...more === undefined ? [] : [more],
    "",
    `Usage: sluice ${name}${operands === undefined ? "" : ` ${operands.usage ?? `[${operands.name}…]`}`} [flags]`,
    "",
    ...columns([
      ...operands === undefined ? [] : [[operands.name, operands.about] as const],
      ...Object.entries(flags).map(flagRow),
      helpFlag
    ]),
    "",
    "Examples:",
    ...examples.map((example) => `  ${example}`),
    ""
  ].join("\n")
}
