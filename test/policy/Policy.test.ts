import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Policy } from "../../src/policy/Policy.ts"
import { artifactOf, configMap, deliveryOf, deployment, gate, judge, occasionOf, renderedOf } from "./gate.ts"

const images = `
# METADATA
# title: Images are pinned
# related_resources:
# - ref: https://example.com/images
# custom:
#   id: image-latest
#   severity: high
#   remedy: Name a version.
package policies.images

deny contains {"msg": message, "path": path} if {
	some index, container in input.spec.template.spec.containers
	endswith(container.image, ":latest")
	path := ["spec", "template", "spec", "containers", index, "image"]
	message := sprintf("%s uses %s", [container.name, container.image])
}
`

layer(gate())("Policy", (it) => {
  it.effect("passes what no rule speaks against, and counts", () =>
    Effect.gen(function*() {
      const decision = yield* judge({ "policies/images.rego": images }, [
        deployment("web", "nginx:1.29"),
        configMap("a")
      ])
      assert.strictEqual(decision._tag, "Passed")
      assert.deepStrictEqual(decision.summary, { objects: 2, passed: 2, warned: 0, denied: 0, waived: 0 })
    }))

  it.effect("denies with policy, rule, severity, message, object, place and METADATA", () =>
    Effect.gen(function*() {
      const decision = yield* judge({ "policies/images.rego": images }, [deployment("web", "nginx:latest")])
      assert.strictEqual(decision._tag, "Denied")
      const [violation] = decision.violations
      assert.deepStrictEqual({ ...violation, bundle: violation!.bundle.name }, {
        policy: "image-latest",
        package: "policies.images",
        rule: "deny",
        severity: "deny",
        title: "Images are pinned",
        impact: "high",
        remedy: "Name a version.",
        url: "https://example.com/images",
        message: "app uses nginx:latest",
        object: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "web" },
        source: { file: "app.yaml", line: 106 },
        ruleSource: { file: "policies/images.rego", line: 12 },
        bundle: "repository"
      })
    }))

  it.effect("passes everything where there are no policies, and says so in the counts", () =>
    Effect.gen(function*() {
      const none = yield* judge({ "app.yaml": "a: b" }, [configMap("a")])
      assert.strictEqual(none._tag, "Passed")
      assert.deepStrictEqual(none.summary, { objects: 1, passed: 0, warned: 0, denied: 0, waived: 0 })
    }))

  it.effect("lets no revision empty the policies that the delivery names", () =>
    Effect.gen(function*() {
      const policy = yield* Policy
      for (
        const files of [
          { "policies/README.md": "moved" },
          { "policies/images_test.rego": images },
          { "policies/.old/images.rego": images },
          { "policies/data.json": "{}" },
          { "policies": "a file" }
        ]
      ) {
        const error = yield* Effect.flip(policy.load(deliveryOf({ paths: ["policies"] }), artifactOf(files)))
        assert.strictEqual(error._tag, "PolicyUnavailable")
        assert.match(error.message, /names "policies", and there is no Rego/u)
      }
      const none = yield* policy.load(deliveryOf({ paths: [] }), artifactOf({ "policies/images.rego": images }))
      assert.lengthOf(none.bundles, 0, "but whoever writes the delivery may say that there are none")
    }))

  it.effect("follows conftest: any package, three names, texts and objects; other rules only serve", () =>
    Effect.gen(function*() {
      const decision = yield* judge({
        "policies/main.rego": `package main

deny_no_data contains "deny_no_data" if not input.data.a
violation contains {"msg": "violation", "details": {"path": "data.b"}} if input.data.b
warn_b contains "warn_b"
denying contains "not a rule"
deny_helper(x) := x
`,
        "policies/deep/other.rego": "package team.shop\n\ndeny contains \"other\"\n"
      }, [configMap("a", { b: "c" })])
      assert.deepStrictEqual(
        decision.violations.map((
          { message, package: name, policy, rule, severity, source }
        ) => [policy, name, rule, severity, message, source?.line]),
        [
          ["b", "main", "warn_b", "warn", "warn_b", 1],
          ["main", "main", "violation", "deny", "violation", 102],
          ["no_data", "main", "deny_no_data", "deny", "deny_no_data", 1],
          ["shop", "team.shop", "deny", "deny", "other", 1]
        ]
      )
      assert.deepStrictEqual(decision.summary, { objects: 1, passed: 0, warned: 1, denied: 3, waived: 0 })
    }))

  it.effect("gives policies the files beside them and the delivery's data, which wins", () =>
    Effect.gen(function*() {
      const files = {
        "policies/a.rego": `package a

import data.parameters

deny contains sprintf("%v %v %v %v", [parameters.limit, parameters.other, data.teams.shop, data.kinds[0].kind])
`,
        "policies/data/teams.yaml": "teams: {shop: 12345678901234567890}\n",
        "policies/samples/denied.yaml": "kind: Secret\napiVersion: v1\nteams: no\n",
        "policies/kinds.json": "{\"kinds\": [{\n\"apiVersion\": \"v1\",\n\"kind\": \"Secret\"}]}",
        "policies/parameters.json": "{\"parameters\": {\"limit\": 1, \"other\": 2}}"
      }
      const decision = yield* judge(files, [configMap("a")], { data: { limit: 10 } })
      assert.strictEqual(decision.violations[0]?.message, "10 2 12345678901234567890 Secret")
    }))

  it.effect("only warns where the policies are audited, and keeps the fact", () =>
    Effect.gen(function*() {
      const rules = { "policies/a.rego": "package a\n\ndeny contains \"no\"\n" }
      const decision = yield* judge(rules, [configMap("a")], { enforcement: "audit" })
      assert.strictEqual(decision._tag, "Passed")
      assert.deepStrictEqual(
        decision.violations.map(({ enforcement, severity }) => [severity, enforcement]),
        [["warn", "audit"]]
      )
    }))

  it.effect("shows where a missing field would have to be written", () =>
    Effect.gen(function*() {
      const rules = (path: string) => ({
        "policies/a.rego":
          `package a\n\ndeny contains {"msg": "no limits", "path": ${path}} if input.kind == "Deployment"\n`
      })
      const lineOf = (path: string) =>
        Effect.map(judge(rules(path), [deployment("web", "x")]), ({ violations }) => violations[0]?.source?.line)
      // The line is 100 and the length of the path that was looked for.
      assert.strictEqual(yield* lineOf(`"spec.template.spec.containers[0].resources.limits.memory"`), 105)
      assert.strictEqual(yield* lineOf(`["spec", "replicas"]`), 101)
      assert.strictEqual(yield* lineOf(`"/nothing/of/this"`), 1, "the object")
    }))

  it.effect("names the rule that breaks, and hears the others", () =>
    Effect.gen(function*() {
      const files = {
        "policies/a.rego":
          "package a\n\nx := 1 if input.kind\n\nx := 2 if input.data\n\ndeny contains \"x\" if x == 3\n",
        "policies/b.rego": "package b\n\ndeny contains \"b\"\n"
      }
      const { violations } = yield* judge(files, [configMap("m")])
      assert.deepStrictEqual(violations.map(({ policy, rule }) => [policy, rule]), [["a", "error"], ["b", "deny"]])
    }))

  it.effect("denies an object that a rule cannot judge, and names the rule's file", () =>
    Effect.gen(function*() {
      const decision = yield* judge({
        "policies/conflict.rego":
          "package conflict\n\nx := 1 if input.kind\n\nx := input.metadata.name if input.kind\n\ndeny contains \"x\" if x == 2\n"
      }, [configMap("a")])
      const [violation] = decision.violations
      assert.deepStrictEqual([decision._tag, violation?.policy, violation?.rule], ["Denied", "conflict", "error"])
      assert.match(violation!.message, /ConfigMap\/shop\/a: policies\/conflict\.rego:\d+:\d+: .*conflict/)
    }))

  it.effect("sends the author to a rule that could not judge, not to what the rule is about", () =>
    Effect.gen(function*() {
      const metadata = "# METADATA\n# title: Two of them\n# custom: {id: two, remedy: Run two.}\n"
      const { violations } = yield* judge({
        "policies/a.rego": `${metadata}package a\n\ndeny contains {"message": "x"} if input.kind\n`,
        "policies/b.rego": `${metadata.replace("two,", "silent,")}package b\n\ndeny contains " " if input.kind\n`
      }, [configMap("a")])
      assert.deepStrictEqual(violations.map(({ message, remedy }) => [message, remedy]), [
        ["Two of them", "Run two."],
        [
          "policy two could not judge ConfigMap/shop/a: a result is neither a text nor an object with a text `msg`",
          "Mend the rule at policies/a.rego:6; sluice check --trace two shows how it is evaluated."
        ]
      ])
    }))

  it.effect("denies where a bound of its own keeps a rule from an answer", () =>
    Effect.gen(function*() {
      const bombs = [
        ["count(net.cidr_expand(input.data.value)) > 0", "10.0.0.0/8"],
        ["count(numbers.range_step(0, to_number(input.data.value), 1)) > 0", "1000000"],
        ["units.parse(input.data.value) > 0", "1e999999"],
        [
          "count(yaml.unmarshal(input.data.value)) > 0",
          `a: &a [${"x,".repeat(200)}]\nb: &b [${"*a,".repeat(50)}]\nc: &c [${"*b,".repeat(50)}]\nd: [*c]`
        ]
      ] as const
      for (const [claim, value] of bombs) {
        const rule = `package bounded\n\ndeny contains "denied" if ${claim}\n`
        const object = { ...configMap("a"), data: { value } }
        const decision = yield* judge({ "policies/bounded.rego": rule }, [object])
        assert.strictEqual(decision._tag, "Denied", claim)
      }
    }))

  it.effect("makes no link out of the repository", () =>
    Effect.gen(function*() {
      for (const file of ["../../settings", "/etc/passwd", "https://evil.example.com", "a//b"]) {
        const rule = `package located\n\ndeny contains {"msg": "no", "_loc": {"file": "${file}", "line": 1}}\n`
        const { violations } = yield* judge({ "policies/located.rego": rule }, [configMap("a")])
        assert.notStrictEqual(violations[0]!.source!.file, file)
      }
    }))

  it.effect("never shows a value of a Secret to a policy", () =>
    Effect.gen(function*() {
      const secret = {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "db", namespace: "shop" },
        data: { password: "aHVudGVyMg==" }
      }
      const rules = {
        "policies/a.rego": "package a\n\ndeny contains json.marshal(input.data) if input.kind == \"Secret\"\n"
      }
      const decision = yield* judge(rules, [secret])
      assert.match(decision.violations[0]!.message, /^\{"password":"\(masked [0-9a-f]{12}\)"\}$/)
    }))

  it.effect("tells the same in the same order, however often it is asked", () =>
    Effect.gen(function*() {
      const rules = {
        "policies/a.rego": "package a\n\ndeny contains message if some message in {\"c\", \"a\", \"b\"}\n"
      }
      const decision = yield* judge(rules, [configMap("z"), configMap("a")])
      assert.deepStrictEqual(
        decision.violations.map(({ message, object }) => object.name + message),
        ["aa", "ab", "ac", "za", "zb", "zc"]
      )
      const again = yield* judge(rules, [configMap("z"), configMap("a")])
      assert.deepStrictEqual(again.violations, decision.violations)
    }))

  it.effect("lets a changeset through with its proof where no rule is about changesets, and asks nobody", () =>
    Effect.gen(function*() {
      const policy = yield* Policy
      const set = yield* policy.load(deliveryOf(), artifactOf({}))
      const passed = yield* policy.objects(set, renderedOf())
      assert.strictEqual(passed._tag, "Passed")
      if (passed._tag !== "Passed") return
      const changeset = { admitted: passed.admitted, changes: [], losses: [], digest: "sha256:0" }
      const decision = yield* policy.changeset(yield* policy.judges(set), changeset, occasionOf())
      assert.isTrue(decision._tag === "Passed" && Object.is(decision.admitted, changeset))
    }))
})
