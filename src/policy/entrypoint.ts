import type { Rule } from "./Rule.ts"
import { shim } from "./shim.ts"

/** The entrypoint of every compiled set. */
export const entrypoint = "sluice/decision"

/** Packages that a policy may not take. */
export const isReserved = (path: ReadonlyArray<string>): boolean => path[0] === "sluice"

const reference = (path: ReadonlyArray<string>): string =>
  `data${path.map((part) => `[${JSON.stringify(part)}]`).join("")}`

/**
 * Asks every rule at once and says which object it saw: undefined or malformed input has no identity, so it cannot look
 * like an object without findings. `data.sluice.only` narrows the question to one rule, to find the one that hangs.
 */
const decision = `package sluice

decision := answer if {
	answer := data.sluice.rules.answer with replace as data.sluice.shim.replace_text
		with concat as data.sluice.shim.concat_sorted
		with indexof as data.sluice.shim.indexof_text
}
`

const rulesHead = `package sluice.rules

answer := {"saw": saw, "found": found}

saw := [
	object.get(input, "apiVersion", ""),
	object.get(input, "kind", ""),
	object.get(input, ["metadata", "namespace"], ""),
	object.get(input, ["metadata", "name"], ""),
	count(input),
]

wanted(_) if not data.sluice.only

wanted(index) if data.sluice.only == index
`

const rule = ({ name, path }: Pick<Rule, "name" | "path">, index: number): string => `
found["${index}"] := results if {
	wanted("${index}")
	results := ${reference([...path, name])}
	results != set()
}
`

/** The Rego that Sluice adds to a set of policies, by file name. */
export const generate = (rules: ReadonlyArray<Pick<Rule, "name" | "path">>): Readonly<Record<string, string>> => ({
  "decision.rego": decision,
  "rules.rego": rulesHead + rules.map(rule).join(""),
  "shim.rego": shim
})
