import { assert, describe, it } from "@effect/vitest"
import type { Violation } from "../../src/domain/Decision.ts"
import { decisionLine } from "../../src/domain/decisionLog.ts"
import { recordOf } from "../../src/domain/DecisionRecord.ts"
import { at } from "../../src/domain/Json.ts"
import { policySet } from "../../src/domain/policySet.ts"
import { violation } from "../controller/story.ts"

const set = policySet([{
  name: "platform",
  digest: "sha256:bb",
  origin: "bundle",
  enforcement: "enforce",
  isWaivable: false,
  waivers: [],
  files: [],
  parameters: {}
}])

const evidence = { input: "sha256:cc", judged: 3, nanoseconds: 1_500_000, rules: [] }

const recorded = (violations: ReadonlyArray<Violation>, changes: Partial<typeof evidence> = {}) => {
  const denied = violations.filter(({ severity }) => severity === "deny").length
  return recordOf("objects", set, {
    _tag: denied > 0 ? "Denied" : "Passed",
    violations,
    waived: [],
    summary: { objects: 3, passed: 1, warned: violations.length - denied, denied, waived: 0 },
    evidence: { ...evidence, ...changes }
  })
}

const line = (violations: ReadonlyArray<Violation>) =>
  decisionLine(recorded(violations), {
    delivery: "shop/web",
    run: "01J1",
    revision: "main@sha1:aa",
    redact: (text) => text.replaceAll("can\"ary", "(redacted)")
  })

describe("the line of a decision", () => {
  it("has the field names of OPA's decision log, and no input", () => {
    const { decision_id, result, ...rest } = line([violation])
    assert.match(String(decision_id), /^sha256:/u)
    assert.deepStrictEqual(rest, {
      type: "openpolicyagent.org/decision_logs",
      labels: { app: "sluice", delivery: "shop/web", run: "01J1", revision: "main@sha1:aa" },
      bundles: { platform: { revision: "sha256:bb" } },
      path: "sluice/objects",
      input_digest: "sha256:cc",
      erased: ["/input"],
      metrics: { timer_rego_query_eval_ns: 1_500_000, counter_documents_judged: 3 }
    })
    assert.strictEqual(at(result, "verdict"), "denied")
    assert.deepStrictEqual(at(result, "violations", 0), {
      policy: "image-digest-required",
      rule: "deny",
      severity: "deny",
      bundle: "repository",
      object: "Deployment/shop/checkout",
      message: "not pinned by digest",
      source: "environments/prod/checkout.yaml:23"
    })
  })

  it("is bounded, tells denials before warnings, and counts all", () => {
    const warning: Violation = { ...violation, severity: "warn", policy: "a", message: "long ".repeat(1_000) }
    const { result } = line([...Array.from({ length: 30_000 }, () => warning), violation])
    assert.strictEqual(at(result, "warned"), 30_000)
    assert.strictEqual(at(result, "violations", 0, "policy"), "image-digest-required")
    assert.isBelow(JSON.stringify(result).length, 50_000)
  })

  it("redacts a text before it is quoted or cut: a quoted secret is not the secret that is known", () => {
    const hidden = JSON.stringify(line([{ ...violation, message: `${"x".repeat(495)}can"ary`, policy: "can\"ary" }]))
    assert.notInclude(hidden, "ary")
    assert.notInclude(hidden, "can\\")
  })
})

describe("the id of a decision", () => {
  it("is that of the same input, policies and result, however long it took", () => {
    const { id } = recorded([violation])
    assert.strictEqual(recorded([violation], { nanoseconds: 1, judged: 0 }).id, id)
    assert.notStrictEqual(recorded([violation], { input: "sha256:dd" }).id, id)
    assert.notStrictEqual(recorded([]).id, id)
    assert.notStrictEqual(recorded([{ ...violation, message: "something else" }]).id, id)
  })
})
