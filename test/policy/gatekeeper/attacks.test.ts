import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Bundle } from "../../../src/domain/Decision.ts"
import { digest } from "../../../src/domain/digest.ts"
import { policySet } from "../../../src/domain/policySet.ts"
import { Policy } from "../../../src/policy/Policy.ts"
import { configMap, gate, judge, manifestOf, renderedOf } from "../gate.ts"
import { constraint, template } from "./templates.ts"

const says = (message: string) =>
  `package own\nviolation[{"msg": "${message}"}] { input.review.object.kind == "ConfigMap" }`

const bundleOf = (name: string, origin: Bundle["origin"], text: string): Bundle => ({
  name,
  digest: digest(name, text),
  origin,
  enforcement: "enforce",
  isWaivable: origin !== "bundle",
  waivers: [],
  files: [{ path: "policies/gk.yaml", content: Buffer.from(text) }],
  parameters: {}
})

layer(gate(undefined, { deadline: 500 }), { excludeTestServices: true })(
  "templates and constraints against the gate",
  (it) => {
    const both = Effect.fnUntraced(function*(platform: string, team: string) {
      const policy = yield* Policy
      const set = policySet([bundleOf("guardrails", "bundle", platform), bundleOf("repository", "repository", team)])
      return yield* policy.objects(set, renderedOf(manifestOf(configMap("a"))))
    })
    const guardrails = template(says("the platform's")) + constraint()

    it.effect("a team's template of the same kind and package leaves the platform's as it is", () =>
      Effect.gen(function*() {
        const decision = yield* both(guardrails, template(says("the team's")) + constraint())
        assert.deepStrictEqual(
          decision.violations.map(({ bundle, message }) => [bundle.name, message]),
          [
            ["repository", "the team's"],
            ["guardrails", "the platform's"]
          ].toSorted()
        )
        const silent = template("package own\nviolation[{\"msg\": \"x\"}] { false }") + constraint()
        const again = yield* both(guardrails, silent)
        assert.deepStrictEqual(again.violations.map(({ message }) => message), ["the platform's"])
      }))

    it.effect("a team's constraint does not reach the platform's template", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(both(guardrails, constraint("{enforcementAction: dryrun}")))
        assert.match(error.message, /no ConstraintTemplate here makes the kind Own/u)
      }))

    it.effect("a template does not read what another template or a policy holds", () =>
      Effect.gen(function*() {
        for (const path of ["data.sluice.templates.t0.main.violation", "data.other.secret", "data"]) {
          const reading = template(`package own\nviolation[{"msg": "x"}] { ${path} }`) + constraint()
          const error = yield* Effect.flip(judge({ "policies/a.yaml": reading }, [configMap("a")]))
          assert.match(error.message, /a template reads its libraries \(data\.lib\.…\) and data\.inventory, not data/u)
        }
        const hidden = template(`package own\nviolation[{"msg": "x"}] { name := "other"; data[name] }`) + constraint()
        const error = yield* Effect.flip(judge({ "policies/a.yaml": hidden }, [configMap("a")]))
        assert.match(error.message, /not data\b/u)
      }))

    it.effect("a data file does not stand in for the inventory", () =>
      Effect.gen(function*() {
        const reading = template("package own\nviolation[{\"msg\": \"x\"}] { data.inventory.namespace[_] }") +
          constraint()
        const files = { "policies/a.yaml": reading, "policies/inventory.json": "{\"inventory\": {}}" }
        assert.match(
          (yield* Effect.flip(judge(files, [configMap("a")]))).message,
          /document `inventory`, a name that Sluice needs/u
        )
      }))

    it.effect("a template that does not come to an end is named, and the rest is judged", () =>
      Effect.gen(function*() {
        const loop =
          "package own\nviolation[{\"msg\": \"x\"}] {\n  input.review.name == \"b\"\n  r := numbers.range(1, 20000)\n" +
          "  count([1 | r[i]; r[j]; i == j + 30000]) > 0\n}"
        const decision = yield* judge(
          {
            "policies/a.yaml": template(loop) + constraint(),
            "policies/b.yaml": template(says("fine"), "Fine") + constraint("{}", "Fine")
          },
          [configMap("a"), configMap("b"), configMap("c")]
        )
        assert.deepStrictEqual(decision.violations.map(({ object, policy, rule }) => [policy, object.name, rule]), [
          ["Fine/all", "a", "violation"],
          ["Fine/all", "c", "violation"],
          ["Own/all", "b", "error"]
        ])
        assert.match(decision.violations[2]!.message, /exceeded/u)
      }), 30_000)

    it.effect("parameters that expand, nest or hold keys of JavaScript's own are refused or mean what they say", () =>
      Effect.gen(function*() {
        const refusal = (parameters: string) =>
          Effect.flip(
            judge({ "policies/a.yaml": template(says("x")) + constraint(`\n  parameters:\n${parameters}`) }, [
              configMap("a")
            ])
          )
        const levels = Array.from(
          "abcdefgh",
          (name, index) =>
            `    ${name}: &${name} [${
              Array.from({ length: 10 }, () => index === 0 ? "lol" : `*${"abcdefgh"[index - 1]}`).join(", ")
            }]`
        )
        assert.match((yield* refusal(levels.join("\n"))).message, /expand to too much|more than \d+ aliases/u)
        assert.match((yield* refusal(`    a: ${"[".repeat(200)}${"]".repeat(200)}`)).message, /nested deeper/u)
        assert.match((yield* refusal("    __proto__: {labels: [x]}")).message, /__proto__/u)
        const told = template("package own\nviolation[{\"msg\": sprintf(\"%v\", [input.parameters])}] { true }")
        const decision = yield* judge(
          { "policies/a.yaml": told + constraint("{parameters: {constructor: {prototype: 1}, toString: x}}") },
          [configMap("a")]
        )
        assert.strictEqual(decision.violations[0]?.message, `{"constructor": {"prototype": 1}, "toString": "x"}`)
      }))

    it.effect("a message of a template is cut, and so are the results of an object", () =>
      Effect.gen(function*() {
        const many =
          "package own\nviolation[{\"msg\": msg}] {\n  long := concat(\"\", [\"x\" | numbers.range(1, 5000)[_]])\n" +
          "  i := numbers.range(1, 150)[_]\n  msg := sprintf(\"%v%v\", [i, long])\n}"
        const decision = yield* judge({ "policies/a.yaml": template(many) + constraint() }, [configMap("a")])
        assert.lengthOf(decision.violations, 101)
        assert.isAtMost(
          Math.max(...decision.violations.map(({ message }) => message.length)),
          4_097
        )
      }), 30_000)
  }
)
