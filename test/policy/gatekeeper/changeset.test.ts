import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Change } from "../../../src/domain/Changeset.ts"
import type { Occasion } from "../../../src/policy/changesetInput.ts"
import { joined } from "../../../src/policy/changesetPass.ts"
import { Policy } from "../../../src/policy/Policy.ts"
import { artifactOf, changeOf, configMap, deliveryOf, gate, occasionOf, renderedOf } from "../gate.ts"
import { host } from "./templates.ts"

const keep = (selector = "") =>
  `apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: keep}
spec:
  crd: {spec: {names: {kind: Keep}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
        package keep
        violation[{"msg": msg, "details": {"path": "data.size"}}] {
          to_number(input.review.object.data.size) < to_number(input.review.oldObject.data.size)
          msg := sprintf("%v shrinks", [input.review.name])
        }
        violation[{"msg": msg}] {
          input.review.operation == "DELETE"
          msg := sprintf("%v stays", [input.review.name])
        }
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Keep
metadata: {name: all}
spec: {match: {kinds: [{kinds: [ConfigMap]}]${selector}}, enforcementAction: deny}
`

const judge = Effect.fnUntraced(function*(text: string, changes: ReadonlyArray<Change>, more: Partial<Occasion> = {}) {
  const policy = yield* Policy
  const files = { "policies/a.yaml": text, "policies/host.yaml": host }
  const set = yield* policy.load(deliveryOf(), artifactOf(files))
  // a bundle in front that is left out: what is left has another index than it was compiled with
  const other = { ...set.bundles[0]!, name: "platform", origin: "bundle" as const }
  const judges = joined(yield* policy.judges({ ...set, bundles: [other, ...set.bundles] }), ["repository"])
  return yield* policy.changeset(judges, { changes, digest: "sha256:0" }, occasionOf(more), renderedOf().locate)
})

const sized = (name: string, size: string) => configMap(name, { size })

layer(gate())("Gatekeeper's constraints in the changeset pass", (it) => {
  const changes = [
    changeOf("update", sized("shrinks", "1"), { before: sized("shrinks", "2") }),
    changeOf("update", sized("grows", "2"), { before: sized("grows", "1") }),
    changeOf("delete", sized("goes", "1"), { before: sized("goes", "1") }),
    changeOf("create", sized("new", "1"))
  ]

  it.effect("deny by both objects, and say the line", () =>
    Effect.gen(function*() {
      const decision = yield* judge(keep(), changes)
      assert.strictEqual(decision._tag, "Denied")
      assert.deepStrictEqual(
        decision.violations.map(({ message, object, policy, source }) => [policy, object.name, message, source?.line]),
        [["Keep/all", "goes", "goes stays", undefined], ["Keep/all", "shrinks", "shrinks shrinks", 102]]
      )
      assert.deepStrictEqual(decision.summary, { objects: 4, passed: 1, warned: 0, denied: 2, waived: 0 })
    }))

  it.effect("let pass what they have nothing against", () =>
    Effect.gen(function*() {
      const decision = yield* judge(keep(), [changes[1]!, changes[3]!])
      assert.strictEqual(decision._tag, "Passed")
    }))

  it.effect("deny where a Namespace is not known, but for what is put back alone", () =>
    Effect.gen(function*() {
      const text = keep(", namespaceSelector: {matchLabels: {team: web}}")
      const whole = yield* judge(text, [changes[2]!])
      assert.deepStrictEqual(whole.violations.map(({ rule }) => rule), ["error"])
      assert.strictEqual((yield* judge(text, [changes[2]!], { trigger: "drift" }))._tag, "Passed")
    }))
})
