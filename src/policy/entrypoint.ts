import { reviewHead, reviewQuestion } from "./gatekeeper/dispatch.ts"
import type { Rule, Subject } from "./Rule.ts"
import { mocks, shim } from "./shim.ts"

/** The entrypoint that asks the rules for one kind of document. */
export const entrypoint = (judges: Subject): string => `sluice/${judges}`

/** Packages that a policy may not take. */
export const isReserved = (path: ReadonlyArray<string>): boolean => path[0] === "sluice"

type Asked = Pick<Rule, "exception" | "judges" | "name" | "path">

/** The reference of a document of the policies, whatever is in its names. */
export const reference = (path: ReadonlyArray<string>): string =>
  `data${path.map((part) => `[${JSON.stringify(part)}]`).join("")}`

/** What a document is known by, in Rego; `identityOf` in `document.ts` says the same of the one that is sent. */
const saw: Readonly<Record<Subject, string>> = {
  object: `[
	object.get(input, "apiVersion", ""),
	object.get(input, "kind", ""),
	object.get(input, ["metadata", "namespace"], ""),
	object.get(input, ["metadata", "name"], ""),
	count(input),
]`,
  changeset: `[
	object.get(input, "kind", ""),
	object.get(input, ["changeset", "id"], ""),
	count(object.get(input, "operations", [])),
	count(input),
]`,
  combined: "[count(input), count([document | document := input[_].contents])]",
  review: `[
	object.get(input, ["review", "kind", "kind"], ""),
	object.get(input, ["review", "namespace"], ""),
	object.get(input, ["review", "name"], ""),
	object.get(input, ["review", "operation"], ""),
	count(input.review.object),
	complete,
]`
}

/**
 * Asks every rule at once and says which document it saw: undefined or malformed input has no identity, so it cannot
 * look like an object without findings.
 */
const decision = (judges: Subject, texts: ReadonlyArray<string>): string => `
${judges} := answer if {
	answer := data.sluice.asked.${judges}.answer${mocks(texts)}
}
`

/** `data.sluice.only` narrows the question to one rule, to find the one that hangs. */
const head = (judges: Subject, hasExceptions: boolean): string =>
  `package sluice.asked.${judges}

answer := {"saw": saw, "found": found${hasExceptions ? `, "excepted": excepted` : ""}}

saw := ${saw[judges]}

wanted(_) if not data.sluice.only

wanted(index) if data.sluice.only == index

found[index] := results if some index, results in {}

${hasExceptions ? "excepted[index] := true if some index in []\n" : ""}${judges === "review" ? reviewHead : ""}`

/** What conftest's exceptions call a rule: its name without the prefix. */
const unprefixed = (name: string): string => name.replace(/^(?:deny|violation|warn)_?/u, "")

/** Whether conftest's `exception` of the same package names the rule for this document. */
const exemption = ({ name, path }: Asked, index: number): string => `
excepted["${index}"] := true if {
	wanted("${index}")
	${reference([...path, "exception"])}[_][_] == ${JSON.stringify(unprefixed(name))}
}
`

const question = (rule: Asked, index: number): string => {
  const { exception, judges, name, path } = rule
  if (judges === "review") return reviewQuestion(rule, index)
  return `
found["${index}"] := results if {
	wanted("${index}")
	results := ${reference([...path, name])}
	results != set()
}
${exception === undefined ? "" : exemption(rule, index)}`
}

/** The kinds of documents that the rules judge; objects always, so that a set without any rule still has an answer. */
export const subjects = (rules: ReadonlyArray<Pick<Rule, "judges">>): ReadonlyArray<Subject> => [
  ...new Set<Subject>(["object", ...rules.map(({ judges }) => judges)])
]

/** The Rego that Sluice adds to a set of policies with these texts, by file name. */
export const generate = (
  rules: ReadonlyArray<Asked>,
  texts: ReadonlyArray<string>
): Readonly<Record<string, string>> => {
  const asked = subjects(rules).map((judges) => [
    `${judges}.rego`,
    head(judges, rules.some((rule) => rule.judges === judges && rule.exception !== undefined)) +
    rules.map((rule, index) => rule.judges === judges ? question(rule, index) : "").join("")
  ])
  return {
    ...Object.fromEntries(asked),
    "decision.rego": `package sluice\n${subjects(rules).map((judges) => decision(judges, texts)).join("")}`,
    "shim.rego": shim(texts)
  }
}
