import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { PolicyBundle } from "../../src/api/v1alpha1/PolicyBundle.ts"
import { policySet } from "../../src/domain/policySet.ts"
import { Policy } from "../../src/policy/Policy.ts"
import { artifactOf, configMap, deliveryOf, gate, judge, manifestOf, renderedOf } from "./gate.ts"

/** Denies every ConfigMap. */
const noConfig = (id = "no-config", remedy = "") =>
  `# METADATA
# scope: package
# custom:
#   id: ${id}
${remedy === "" ? "" : `#   remedy: ${remedy}\n`}package ${id.replaceAll("-", "_")}

deny contains sprintf("%s is a ConfigMap", [input.metadata.name]) if input.kind == "ConfigMap"
`

const waiversOf = (...waivers: ReadonlyArray<string>) => `waivers:\n${waivers.map((one) => `  - ${one}\n`).join("")}`
const waiver = (more = "", until = "2026-12-31T00:00:00Z", policy = "no-config") =>
  `{policy: ${policy}, reason: INC-42, owner: dana, until: "${until}"${more}}`

const bundleOf = (spec: object) =>
  Schema.decodeUnknownSync(PolicyBundle)({
    apiVersion: "sluice.dev/v1alpha1",
    kind: "PolicyBundle",
    metadata: { name: "baseline" },
    spec: { source: { git: { url: "https://git.example.com/platform.git", branch: "main" } }, ...spec }
  })

/** Judges by a bundle of the platform and by the repository's own policies. */
const judgeBoth = Effect.fnUntraced(function*(
  spec: object,
  repository: Readonly<Record<string, string>>,
  platform: Readonly<Record<string, string>> = { "rules/config.rego": noConfig() }
) {
  const policy = yield* Policy
  const { bundle } = yield* policy.bundle(bundleOf(spec), artifactOf(platform))
  const own = yield* policy.load(deliveryOf(), artifactOf(repository))
  return yield* policy.objects(policySet([bundle, ...own.bundles], own.waivers), renderedOf(manifestOf(configMap("a"))))
})

const today = TestClock.setTime(Date.parse("2026-11-28T12:00:00Z"))

layer(gate())("waivers of a repository", (it) => {
  const files = (waivers: string) => ({ "policies/config.rego": noConfig(), "policies/waivers.yaml": waivers })

  it.effect("let through what they name, and the decision says by whom and until when", () =>
    Effect.gen(function*() {
      yield* today
      const written = waiversOf(waiver(", objects: [{kind: ConfigMap, namespace: shop, name: a}]"))
      const decision = yield* judge(files(written), [configMap("a"), configMap("b")])
      assert.strictEqual(decision._tag, "Denied")
      assert.deepStrictEqual(decision.violations.map(({ message }) => message), ["b is a ConfigMap"])
      assert.deepStrictEqual(decision.waived.map(({ message }) => message), ["a is a ConfigMap"])
      const [{ where, ...said }] = [decision.waived[0]!.waiver]
      assert.deepStrictEqual(said, {
        policy: "no-config",
        objects: [{ kind: "ConfigMap", namespace: "shop", name: "a" }],
        reason: "INC-42",
        owner: "dana",
        until: "2026-12-31T00:00:00Z"
      })
      assert.deepStrictEqual(where, { file: "policies/waivers.yaml", line: 2, column: 5 })
      assert.deepStrictEqual([decision.summary.denied, decision.summary.waived], [1, 1])
    }))

  it.effect("end at their time, and the denial says so", () =>
    Effect.gen(function*() {
      const written = files(waiversOf(waiver()))
      yield* TestClock.setTime(Date.parse("2026-12-30T23:59:59.999Z"))
      assert.strictEqual((yield* judge(written, [configMap("a")]))._tag, "Passed")
      yield* TestClock.setTime(Date.parse("2026-12-31T00:00:00Z"))
      const { _tag, violations: [violation] } = yield* judge(written, [configMap("a")])
      assert.strictEqual(_tag, "Denied")
      assert.strictEqual(
        violation?.message,
        "a is a ConfigMap (waiver by dana expired on 2026-12-31T00:00:00Z: INC-42)"
      )
    }))

  it.effect("hold as long as the longest of them", () =>
    Effect.gen(function*() {
      yield* today
      const written = waiversOf(waiver("", "2020-01-01T00:00:00Z"), waiver())
      assert.strictEqual((yield* judge(files(written), [configMap("a")]))._tag, "Passed")
    }))

  it.effect("lift no error: what could not be judged is denied", () =>
    Effect.gen(function*() {
      yield* today
      const conflict =
        `package no_config\n\ntwice := 1 if input.kind\n\ntwice := 2 if input.kind\n\ndeny contains "x" if twice\n`
      const decision = yield* judge({
        "policies/config.rego": conflict,
        "policies/waivers.yaml": waiversOf(waiver("", undefined, "no_config"), waiver("", undefined, "repository"))
      }, [configMap("a")])
      assert.strictEqual(decision._tag, "Denied")
      assert.deepStrictEqual(decision.waived, [])
    }))

  it.effect("are no data of the policies", () =>
    Effect.gen(function*() {
      yield* today
      const seen = "package seen\n\ndeny contains \"seen\" if data.waivers\n"
      const decision = yield* judge({
        "policies/seen.rego": seen,
        "policies/waivers.yaml": waiversOf(waiver())
      }, [configMap("a")])
      assert.deepStrictEqual(decision.violations, [])
    }))

  const malformed: ReadonlyArray<readonly [what: string, text: string, says: RegExp]> = [
    [
      "a field that there is not",
      waiversOf(waiver(", object: [{name: a}]")),
      /waivers\.yaml:2: .*object .*no field of a/u
    ],
    ["no end", "waivers:\n  - {policy: a,\n     reason: b, owner: c}\n", /waivers\.yaml:2: .*until .*is missing/u],
    ["an end that is no time", waiversOf(waiver("", "tomorrow")), /waivers\.yaml:2: .*until .*a time such as/u],
    ["an object of which nothing is said", waiversOf(waiver(", objects: [{}]")), /a kind, a namespace or a name/u],
    ["a list of no objects", waiversOf(waiver(", objects: []")), /at least one object/u],
    ["a field that is there twice", `${waiversOf(waiver())}waivers: []\n`, /waivers\.yaml:3: .*unique/u],
    ["more than 64 KiB", `${waiversOf(waiver())}${"# a\n".repeat(20_000)}`, /more than 64 KiB of waivers/u],
    ["text that is no YAML", "waivers: [{\n", /waivers\.yaml:2: /u],
    ["a document of another kind", "- a\n", /waivers\.yaml:1: /u],
    ["nothing at all", "", /waivers\.yaml/u]
  ]
  for (const [what, text, says] of malformed) {
    it.effect(`with ${what} stop the gate, and say where`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(judge(files(text), [configMap("a")]))
        assert.strictEqual(error._tag, "PolicyUnavailable")
        assert.match(error.message, says)
      }))
  }
})

layer(gate())("a bundle of the platform", (it) => {
  const tenant = { "policies/config.rego": "package config\n\ndeny contains \"no\" if input.kind == \"None\"\n" }
  const waived = { "policies/waivers.yaml": waiversOf(waiver()) }

  it.effect("is waived by no repository where it is mandatory, and says which waiver has no effect", () =>
    Effect.gen(function*() {
      yield* today
      const decision = yield* judgeBoth({}, waived, { "rules/config.rego": noConfig("no-config", "Use an env.") })
      assert.strictEqual(decision._tag, "Denied")
      assert.strictEqual(
        decision.violations[0]?.remedy,
        "Use an env. The waiver at policies/waivers.yaml:2 has no effect: PolicyBundle baseline is mandatory, and only " +
          "who may change it can waive its policies."
      )
      assert.strictEqual(decision.violations[0]?.bundle.name, "baseline")
    }))

  it.effect("is waived by a repository where it is a default", () =>
    Effect.gen(function*() {
      yield* today
      const decision = yield* judgeBoth({ enforcement: "default" }, waived)
      assert.strictEqual(decision._tag, "Passed")
      assert.deepStrictEqual(decision.waived.map(({ bundle, waiver }) => [bundle.name, waiver.owner]), [[
        "baseline",
        "dana"
      ]])
    }))

  it.effect("only tells where it is audited, and counts what is waived of that", () =>
    Effect.gen(function*() {
      yield* today
      const decision = yield* judgeBoth({ enforcement: "audit" }, tenant)
      assert.strictEqual(decision._tag, "Passed")
      assert.deepStrictEqual(
        decision.violations.map(({ enforcement, severity }) => [severity, enforcement]),
        [["warn", "audit"]]
      )
    }))

  it.effect("waives by itself, for a time", () =>
    Effect.gen(function*() {
      const until = "2026-12-31T00:00:00Z"
      const own = { waivers: [{ policy: "no-config", reason: "INC-42", owner: "platform", until }] }
      yield* today
      assert.strictEqual((yield* judgeBoth(own, {}))._tag, "Passed")
      yield* TestClock.setTime(Date.parse(until))
      const { violations } = yield* judgeBoth(own, {})
      assert.match(violations[0]!.message, /waiver by platform expired on 2026-12-31T00:00:00Z: INC-42/u)
    }))

  it.effect("is not shadowed by a repository's package, rule or data of its names", () =>
    Effect.gen(function*() {
      const platform = {
        "rules/config.rego": `package baseline

import data.lib.names

deny contains sprintf("%s is forbidden", [input.metadata.name]) if input.metadata.name in names.forbidden

deny contains "a" if input.metadata.name in data.parameters.forbidden

deny contains "b" if input.metadata.name in data.forbidden
`,
        "rules/names.rego": "package lib.names\n\nforbidden := {\"a\"}\n",
        "rules/forbidden.json": `{"forbidden": ["a"]}`
      }
      const shadows = {
        "policies/a.rego": "package baseline\n\ndeny contains \"x\" if false\n\ndeny_other := {}\n",
        "policies/b.rego": "package lib.names\n\nforbidden := set()\n",
        "policies/c.json": `{"forbidden": [], "parameters": {"forbidden": []}}`
      }
      const decision = yield* judgeBoth({ data: { forbidden: ["a"] } }, {
        ...shadows,
        "policies/a.rego": "package baseline\n\ndeny contains \"x\" if false\n"
      }, platform)
      assert.deepStrictEqual(
        decision.violations.map(({ bundle, message }) => [bundle.name, message]),
        [["baseline", "a"], ["baseline", "a is forbidden"], ["baseline", "b"]]
      )
    }))

  it.effect("cannot be read by a repository: neither its rules nor its data", () =>
    Effect.gen(function*() {
      const platform = {
        "rules/config.rego": "package baseline\n\nsecret := \"x\"\n\ndeny contains \"never\" if false\n",
        "rules/more.json": `{"hidden": "x"}`
      }
      const reads = `package mine

deny contains sprintf("read %v", [data.baseline.secret])

deny contains sprintf("read %v", [data.hidden])

deny contains sprintf("read %v", [data.parameters.hidden])
`
      const { _tag, violations } = yield* judgeBoth(
        { data: { hidden: "x" } },
        { "policies/mine.rego": reads },
        platform
      )
      assert.deepStrictEqual([_tag, violations], ["Passed", []])
    }))

  it.effect("is refused without Rego, without rules that report, and with a path that there is not", () =>
    Effect.gen(function*() {
      const refusal = (spec: object, files: Readonly<Record<string, string>>) =>
        Effect.map(Effect.flip(judgeBoth(spec, {}, files)), ({ message }) => message)
      assert.match(yield* refusal({}, { "README.md": "" }), /the repository holds no Rego/u)
      assert.match(yield* refusal({ path: "rules" }, { "a.rego": noConfig() }), /spec\.path names "rules"/u)
      assert.match(
        yield* refusal({}, { "a.rego": "package a\n\nhelper := 1\n" }),
        /none of its rules reports anything/u
      )
    }))
})
