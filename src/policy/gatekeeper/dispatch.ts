import type { Rule } from "../Rule.ts"

/**
 * Asks the constraints that a review names for this bundle. `complete` says that each of them gave a set of results: a
 * `violation` that is something else, or undefined, has no answer.
 */
export const reviewHead = `
constraints := {index | some index in named; wanted(index)} if is_array(named)

named := input.constraints[data.sluice.bundle]

complete := {index | some index, _ in found} == constraints

response(result) := {"msg": result.msg, "details": object.get(result, "details", {})} if is_string(result.msg)

response(result) := result if not is_string(result.msg)
`

const reference = (path: ReadonlyArray<string>): string => ["data", ...path, "violation"].join(".")

/** As Gatekeeper's own hook: the template sees the review and the constraint's parameters, results are \`msg\` and \`details\`. */
export const reviewQuestion = ({ path }: Pick<Rule, "path">, index: number): string => `
found["${index}"] := results if {
	wanted("${index}")
	"${index}" in constraints
	violations := ${reference(path)} with input as {
		"review": input.review,
		"parameters": data.sluice.parameters["${index}"],
	}
	is_set(violations)
	results := {response(result) | some result in violations}
}
`
