import { assert, describe, it } from "@effect/vitest"
import { policyReport, reportName } from "../../src/controller/policyReport.ts"
import type { Violation, Waived } from "../../src/domain/Decision.ts"
import type { DecisionRecord } from "../../src/domain/DecisionRecord.ts"
import { recordOf } from "../../src/domain/DecisionRecord.ts"
import { at } from "../../src/domain/Json.ts"
import { policySet } from "../../src/domain/policySet.ts"
import { violation } from "./story.ts"

const record = (
  violations: ReadonlyArray<Violation>,
  waived: ReadonlyArray<Waived> = [],
  passed = 7
): DecisionRecord => {
  const denied = violations.filter(({ severity }) => severity === "deny").length
  const summary = { objects: 3, passed, warned: violations.length - denied, denied, waived: waived.length }
  return recordOf("objects", policySet([]), {
    _tag: denied > 0 ? "Denied" : "Passed",
    violations,
    waived,
    summary
  })
}

const reportOf = (records: ReadonlyArray<DecisionRecord>, more: Partial<Parameters<typeof policyReport>[0]> = {}) =>
  policyReport({
    delivery: { namespace: "shop", name: "web" },
    revision: "main@sha1:aa",
    records,
    now: 1_795_600_000_000,
    redact: (text) => text.replaceAll("canary", "(redacted)"),
    ...more
  })

const waived: Waived = {
  ...violation,
  waiver: { policy: violation.policy, objects: [], reason: "INC-42", owner: "dana", until: "2026-12-31T00:00:00Z" }
}

describe("policyReport", () => {
  it("counts all, tells the worst first, and says of a waiver who, why and until when", () => {
    const warning: Violation = {
      ...violation,
      severity: "warn",
      enforcement: "audit",
      policy: "a-warning",
      impact: "LOW"
    }
    const error: Violation = { ...violation, rule: "error", policy: "z-broken" }
    const { results, summary } = reportOf([record([warning, violation, error], [waived])])
    assert.deepStrictEqual(summary, { pass: 7, fail: 1, error: 1, warn: 1, skip: 1 })
    assert.deepStrictEqual(
      results.map(({ policy, result, scored, severity }) => [policy, result, scored, severity]),
      [
        ["z-broken", "error", true, undefined],
        ["image-digest-required", "fail", true, undefined],
        ["a-warning", "warn", false, "low"],
        ["image-digest-required", "skip", false, undefined]
      ]
    )
    assert.strictEqual(at(results[2], "properties", "enforcement"), "audit")
    assert.deepInclude(results[3]!.properties, {
      owner: "dana",
      reason: "INC-42",
      until: "2026-12-31T00:00:00Z",
      revision: "main@sha1:aa",
      bundle: "repository",
      digest: "sha256:aa",
      file: "environments/prod/checkout.yaml",
      line: "23"
    })
    // One line, as all text of somebody else's.
    assert.strictEqual(results[1]!.message, "not pinned by digest")
  })

  it("sums up both passes", () => {
    const { summary } = reportOf([record([violation], [], 3), { ...record([], [], 4), pass: "changeset" }])
    assert.deepStrictEqual(summary, { pass: 7, fail: 1, error: 0, warn: 0, skip: 0 })
  })

  it("takes its category from the shipped library, else the bundle", () => {
    const library = { ...violation, package: "library.pod_security.host_ports" }
    const [first, second] = reportOf([record([library, { ...violation, policy: "other" }])]).results
    assert.deepStrictEqual([first!.category, second!.category], ["pod-security", "repository"])
  })

  it("is bounded in number and in bytes, and its counts are not", () => {
    const many = (message: string) =>
      Array.from({ length: 5_000 }, (_, index): Violation => ({ ...violation, message: `${index} ${message}` }))
    const { results, summary } = reportOf([record(many("short"))])
    assert.lengthOf(results, 500)
    assert.strictEqual(summary.fail, 5_000)
    assert.strictEqual(reportOf([record(Array.from({ length: 50_000 }, () => violation))]).summary.fail, 50_000)
    const wide = reportOf([record(many("\u{1f9f1}".repeat(5_000)))])
    assert.isBelow(Buffer.byteLength(JSON.stringify(wide.results)), 1_000_000)
    assert.isAbove(wide.results.length, 100)
  })

  it("is the same whenever it is made, and another where it says something else", () => {
    const { digest } = reportOf([record([violation])])
    assert.strictEqual(reportOf([record([violation])], { now: 1 }).digest, digest)
    assert.notStrictEqual(reportOf([record([violation])], { revision: "main@sha1:bb" }).digest, digest)
    assert.notStrictEqual(reportOf([record([violation], [], 8)]).digest, digest)
    const secret = (mask: string) => reportOf([record([{ ...violation, message: `(masked ${mask}) is short` }])]).digest
    assert.strictEqual(secret("1a2b3c4d5e6f"), secret("6f5e4d3c2b1a"))
  })

  it("gives each result an id of its own", () => {
    const ids = (report: ReturnType<typeof reportOf>) =>
      report.results.map((result) => at(result, "properties", "resultID"))
    const service: Violation = { ...violation, object: { ...violation.object, kind: "Service" } }
    const both = ids(reportOf([record([violation, service])]))
    assert.lengthOf(new Set(both), 2)
    assert.deepStrictEqual(ids(reportOf([record([violation, service])], { now: 1 })), both)
    assert.notDeepEqual(
      ids(reportOf([record([violation, service])], { delivery: { namespace: "b", name: "web" } })),
      both
    )
  })

  it("says why nobody could decide, and redacts what it says", () => {
    const { results, summary } = reportOf([], { unavailable: "the policies could not be loaded: canary" })
    assert.deepStrictEqual(summary, { pass: 0, error: 1, fail: 0, warn: 0, skip: 0 })
    assert.strictEqual(results[0]!.message, "the policies could not be loaded: (redacted)")
    assert.notInclude(
      JSON.stringify(reportOf([record([{ ...violation, message: "canary", remedy: "canary" }])])),
      "canary"
    )
  })

  it("is named after its Delivery, within what a label takes", () => {
    assert.strictEqual(reportName("shop"), "sluice-shop")
    const [one, other] = [reportName(`${"long-".repeat(20)}a`), reportName(`${"long-".repeat(20)}b`)]
    assert.isAtMost(one.length, 63)
    assert.notStrictEqual(one, other)
    assert.match(one, /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/u)
  })
})
