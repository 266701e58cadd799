import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import type { Change } from "../../src/domain/Changeset.ts"
import { ChangesetDocument } from "../../src/policy/ChangesetDocument.ts"
import { changesetInput, type Occasion } from "../../src/policy/changesetInput.ts"
import { Policy } from "../../src/policy/Policy.ts"
import { withPrevious } from "../../src/policy/previousSet.ts"
import { artifactOf, changeOf, configMap, deliveryOf, deployment, gate, occasionOf, renderedOf } from "./gate.ts"

/** A rule on changesets in a package of its own. */
const rule = (name: string, body: string, notes = ""): string =>
  `# METADATA
# scope: package
# schemas:
# - input: schema.changeset
${notes}package ${name}

deny contains result if {
${body}
}
`

const noDeletions = rule(
  "deletions",
  `	some operation in input.operations
	operation.op in {"delete", "replace"}
	result := {"msg": sprintf("%s would go", [operation.id]), "operation": operation.id}`
)

/** Judges changes by the policies of a repository. */
const judge = Effect.fnUntraced(function*(
  files: Readonly<Record<string, string>>,
  changes: ReadonlyArray<Change>,
  more: Partial<Occasion> = {},
  before: Readonly<Record<string, string>> = {}
) {
  const policy = yield* Policy
  const delivery = deliveryOf()
  const own = yield* policy.load(delivery, artifactOf(files))
  const old = Object.entries(before).map(([path, text]) => ({
    path,
    content: Buffer.from(text),
    isWaivers: path === "policies/waivers.yaml"
  }))
  const judges = yield* policy.judges(yield* withPrevious(own, old, delivery))
  const { locate } = renderedOf()
  return yield* policy.changeset(judges, { changes, digest: "sha256:0" }, occasionOf(more), locate)
})

const said = ({ violations }: Effect.Success<ReturnType<typeof judge>>) =>
  violations.map(({ message, object, source }) =>
    `${object.kind}/${object.name} ${source?.file ?? "-"}:${source?.line ?? "-"} ${message}`
  )

layer(gate())("the changeset pass", (it) => {
  it.effect("denies by what would happen, and says to what object and in which line", () =>
    Effect.gen(function*() {
      const files = {
        "policies/drops.rego": rule(
          "drops",
          `	some operation in input.operations
	operation.object.spec.replicas < operation.oldObject.spec.replicas / 2
	result := {"msg": "drops", "operation": operation.id, "path": "spec.replicas"}`
        ),
        "policies/deletions.rego": noDeletions
      }
      const web = { ...deployment("web", "a"), spec: { replicas: 1 } }
      const decision = yield* judge(files, [
        changeOf("update", web, { before: { ...web, spec: { replicas: 5 } } }),
        changeOf("unchanged", configMap("same")),
        changeOf("delete", configMap("old"), { before: configMap("old") })
      ])
      assert.strictEqual(decision._tag, "Denied")
      assert.deepStrictEqual(said(decision), [
        "ConfigMap/old -:- /ConfigMap/shop/old would go",
        "Deployment/web app.yaml:102 drops"
      ])
      assert.deepStrictEqual(decision.summary, { objects: 3, passed: 0, warned: 0, denied: 2, waived: 0 })
    }))

  it.effect("lets nothing hide behind a new name", () =>
    Effect.gen(function*() {
      const renamed = yield* judge({ "policies/deletions.rego": noDeletions }, [
        changeOf("create", configMap("data-2")),
        changeOf("delete", configMap("data"), { before: configMap("data") })
      ])
      assert.deepStrictEqual(said(renamed), ["ConfigMap/data -:- /ConfigMap/shop/data would go"])
    }))

  it.effect("grants its proof only where every rule is content", () =>
    Effect.gen(function*() {
      const changes = [changeOf("create", configMap("a"))]
      const shown = changes.map((change) => ({ ...change, after: configMap("a") }))
      const passed = yield* judge({ "policies/deletions.rego": noDeletions }, shown)
      assert.deepStrictEqual(passed._tag === "Passed" && passed.admitted.changes, changes, "without what was shown")
      assert.deepStrictEqual(passed.summary, { objects: 1, passed: 1, warned: 0, denied: 0, waived: 0 })
    }))

  it.effect("shows a document that its own schema describes", () =>
    Effect.gen(function*() {
      const secret = { ...configMap("s", { password: "aHVudGVyMg==" }), kind: "Secret" }
      const changes = [
        changeOf("create", secret),
        changeOf("update", configMap("b"), { before: configMap("b"), after: configMap("b"), unproven: "why" }),
        changeOf("unchanged", configMap("c")),
        changeOf("delete", configMap("d"), { before: configMap("d") })
      ]
      const person = { name: "Ada", email: "ada@example.com" }
      const commit = {
        hash: "1".repeat(40),
        author: person,
        committer: person,
        subject: "s",
        message: "m\uD800",
        time: 1,
        isSigned: true
      }
      const occasion = occasionOf({
        source: { ...occasionOf().source, commit, previousRevision: "0".repeat(40) },
        policyFiles: [{ path: "policies/a.rego", op: "delete" }]
      })
      const now = 1_795_428_000_123
      const document = (yield* changesetInput({ changes, digest: "sha256:0" }, occasion, "key", now, 1e6))!
      assert.include(document.json, "\"evaluatedAtNs\":1795428000123000000")
      assert.notInclude(document.json, "aHVudGVyMg")
      const decoded = yield* Schema.decodeUnknownEffect(ChangesetDocument, { onExcessProperty: "error" })(
        JSON.parse(document.json)
      )
      assert.deepStrictEqual(decoded.summary, {
        create: 1,
        update: 1,
        delete: 1,
        replace: 0,
        unchanged: 1,
        total: 4,
        shares: { changed: 1 / 3, deleted: 1 / 3, replaced: 0 }
      })
      assert.deepStrictEqual(
        decoded.operations.map(({ id, object, oldObject, op }) => [id, op, object !== null, oldObject !== null]),
        [
          ["/Secret/shop/s", "create", true, false],
          ["/ConfigMap/shop/b", "update", true, true],
          ["/ConfigMap/shop/c", "unchanged", false, false],
          ["/ConfigMap/shop/d", "delete", false, true],
          ["policy.sluice.dev/Policy//policies/a.rego", "delete", false, false]
        ]
      )
      assert.deepStrictEqual(decoded.changeset.source.signature, { present: true, verified: false })
      assert.strictEqual(decoded.changeset.evaluatedAt, "2026-11-23T10:00:00.123Z")
      assert.isUndefined(
        yield* changesetInput({ changes, digest: "sha256:0" }, occasion, "key", now, 100),
        "no larger than it may be"
      )
    }))

  it.effect("tells every rule one and the same time", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1_795_428_000_123)
      const files = {
        "policies/time.rego": rule(
          "time",
          `	input.changeset.evaluatedAtNs == time.now_ns()
	time.parse_rfc3339_ns(input.changeset.evaluatedAt) == time.now_ns()
	result := sprintf("%d", [time.now_ns()])`
        )
      }
      assert.deepStrictEqual(said(yield* judge(files, [])), ["Changeset/shop -:- 1795428000123000000"])
    }))

  it.effect("judges by the policies in force before as well, tells once what both say, and how to lift them", () =>
    Effect.gen(function*() {
      const path = "policies/deletions.rego"
      const changes = [changeOf("delete", configMap("old"), { before: configMap("old") })]
      const removed = yield* judge({}, changes, { policyFiles: [{ path, op: "delete" }] }, { [path]: noDeletions })
      assert.strictEqual(removed._tag, "Denied")
      const [violation] = removed.violations
      assert.strictEqual(violation?.bundle.name, "repository (in force before)")
      assert.include(violation?.message, "(policies in force before this revision)")
      assert.include(violation?.remedy, "change spec.policy of the Delivery")
      const weakened = { [path]: noDeletions.replace(`"delete", `, "") }
      assert.lengthOf((yield* judge(weakened, changes, {}, { [path]: noDeletions })).violations, 1)
      const reworded = { [path]: `${noDeletions}# another file, the same rule\n` }
      const both = yield* judge(reworded, changes, {}, { [path]: noDeletions })
      assert.deepStrictEqual(both.violations.map(({ bundle }) => bundle.name), ["repository"])
      const same = yield* judge({ [path]: noDeletions }, changes, {}, { [path]: noDeletions })
      assert.deepStrictEqual(same.violations.map(({ bundle }) => bundle.name), ["repository"])
    }))

  it.effect("lets no revision waive its own denial, and the next one do it", () =>
    Effect.gen(function*() {
      const waiver =
        `{policy: deletions, objects: [{kind: ConfigMap}], reason: INC-42, owner: dana, until: "2099-01-01T00:00:00Z"}`
      const before = { "policies/deletions.rego": noDeletions }
      const after = { ...before, "policies/waivers.yaml": `waivers: [${waiver}]\n` }
      const changes = [changeOf("delete", configMap("old"), { before: configMap("old") })]
      const first = yield* judge(after, changes, {}, before)
      assert.deepStrictEqual(first.violations.map(({ bundle }) => bundle.name), ["repository (in force before)"])
      const second = yield* judge(after, changes, {}, after)
      assert.strictEqual(second._tag, "Passed")
      assert.deepStrictEqual(second.waived.map(({ waiver }) => waiver.owner), ["dana"])
      const taken = yield* judge(before, changes, {}, after)
      assert.deepStrictEqual(taken.violations.map(({ bundle }) => bundle.name), ["repository"])
      assert.deepStrictEqual(taken.waived, [], "what was waived once is denied now")
    }))

  it.effect("lets a rule deny that somebody touches the policies", () =>
    Effect.gen(function*() {
      const files = {
        "policies/guard.rego": rule(
          "guard",
          `	some operation in input.operations
	operation.gvk.kind == "Policy"
	operation.op != "create"
	result := {"msg": operation.op, "operation": operation.id}`
        )
      }
      const decision = yield* judge(files, [], {
        policyFiles: [{ path: "policies/guard.rego", op: "update" }, { path: "policies/new.rego", op: "create" }]
      })
      assert.deepStrictEqual(said(decision), ["Policy/policies/guard.rego policies/guard.rego:- update"])
      assert.strictEqual(decision.summary.objects, 0)
    }))
})

layer(gate(undefined, { deadline: 500 }), { excludeTestServices: true })("the changeset pass and its bounds", (it) => {
  it.effect(
    "denies what it cannot judge: a rule that loops, one that conflicts, a changeset that is too large",
    () =>
      Effect.gen(function*() {
        const loops = rule(
          "loops",
          `	some a in numbers.range(1, 3000)
	some b in numbers.range(1, 3000)
	some c in numbers.range(1, 3000)
	a == input.summary.total - 1000
	b == c
	result := "never"`
        )
        const changes = [changeOf("create", configMap("a"))]
        const looped = yield* judge({ "policies/loops.rego": loops }, changes)
        assert.match(said(looped).join(), /policy loops could not judge the changeset: the evaluation exceeded/u)
        const conflicts = `${
          rule("conflicts", "\tx\n\tresult := \"x\"")
        }\nx := 1 if input.kind\n\nx := 2 if input.summary\n`
        const conflicted = yield* judge({ "policies/conflicts.rego": conflicts }, changes)
        assert.match(said(conflicted).join(), /could not judge the changeset/u)
        const large = changeOf("update", configMap("a"), { before: configMap("a", { text: "x".repeat(16_100_000) }) })
        const drowned = yield* judge({ "policies/deletions.rego": noDeletions }, [large])
        assert.strictEqual(drowned._tag, "Denied")
        assert.match(said(drowned).join(), /the changeset is larger than 16000000 bytes/u)
      }),
    30_000
  )
})
