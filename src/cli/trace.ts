import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"
import type { PolicySet, Violation } from "../domain/Decision.ts"
import type { Rendered } from "../domain/Manifest.ts"
import { display, groupOf } from "../domain/ObjectRef.ts"
import { codeLine, oneLine } from "../domain/plainText.ts"
import { InvalidSpec } from "../domain/StageError.ts"
import type { Rule } from "../policy/Rule.ts"
import { rulesIn, type Trace, trace } from "../policy/trace.ts"
import type { Paint } from "./color.ts"
import { Failures } from "./Failures.ts"
import { suggestion } from "./suggestion.ts"

const longest = 300

const namesOf = ({ name, package: path, policy }: Rule): ReadonlyArray<string> => [policy, name, `${path}.${name}`]

const textOf = ({ about, lines, more, printed, result, rule }: Trace, paint: Paint): string =>
  [
    `${paint("cyan", "trace")} ${paint("bold", oneLine(rule, longest))} on ${oneLine(about, longest)}`,
    ...lines.map((line) => `  ${codeLine(line, longest)}`),
    ...more === 0 ? [] : [`  … and ${more} steps more`],
    ...printed.map((line) => `  printed: ${codeLine(line, longest)}`),
    `  says: ${oneLine(result.replace(/^\[\]$|^$/u, "nothing"), 2_000)}`
  ].join("\n")

/** The trace of the rules that a policy's id or a rule's name means, on the objects that were judged. */
export const traceText = Effect.fnUntraced(
  function*(
    wanted: string,
    judged: {
      readonly set: PolicySet
      readonly rendered: Rendered
      readonly violations: ReadonlyArray<Violation>
      /** Of compiled policies. */
      readonly cacheDirectory: string
    },
    paint: Paint
  ) {
    const { cacheDirectory } = judged
    const rules = yield* rulesIn(judged.set, cacheDirectory)
    const isAsked = (rule: Rule) => namesOf(rule).includes(wanted)
    const asked = rules.filter(isAsked)
    if (asked.length === 0) {
      return yield* new Failures({
        errors: [InvalidSpec.make({
          detail: `--trace: there is no policy and no rule ${JSON.stringify(wanted)}`,
          hint: suggestion(wanted, [...new Set(rules.map(({ policy }) => policy))].sort())
        })]
      })
    }
    const said = new Set(
      judged.violations.map(({ object, package: path, rule }) =>
        JSON.stringify([path, rule, display({ group: groupOf(object.apiVersion), namespace: "", ...object })])
      )
    )
    const { more, traces } = yield* trace(judged.set, judged.rendered, {
      cacheDirectory,
      maskingKey: randomBytes(32),
      isAsked,
      isFirst: ({ name, package: path }, about) => said.has(JSON.stringify([path, name, about]))
    })
    const offline = asked.filter(({ judges }) => judges === "changeset")
    return [
      ...traces.map((one) => textOf(one, paint)),
      ...offline.map((rule) =>
        `${namesOf(rule)[2]} judges changesets, and there is none without a cluster: sluice test`
      ),
      ...more === 0 ? [] : [`… and ${more} documents more: check fewer objects to see them`]
    ].join("\n\n")
  }
)
