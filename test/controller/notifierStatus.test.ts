import { assert, describe, it } from "@effect/vitest"
import type { PlainStatus } from "../../src/api/v1alpha1/DeliveryStatus.ts"
import { conditionOf } from "../../src/controller/conditions.ts"
import { type NotifierFacts, notifierStatus } from "../../src/controller/notifierStatus.ts"
import { SendFailed } from "../../src/notify/SendFailed.ts"

const facts = (some: Partial<NotifierFacts> = {}): NotifierFacts => ({
  generation: 1,
  now: "2026-11-28T12:00:00Z",
  redact: (text) => text.replaceAll("canary", "(redacted)"),
  problems: [],
  lacks: undefined,
  answer: undefined,
  isSeen: true,
  isRenewed: false,
  ...some
})
const failure = (reason: NonNullable<SendFailed["reason"]>, why: string) =>
  new SendFailed({ why, reason, retryable: false })
const said = (status: PlainStatus) => {
  const ready = conditionOf(status, "Ready")
  return ready === undefined ? "nothing" : `${ready.status} ${ready.reason}: ${ready.message}`
}
const well = notifierStatus({}, facts())
const refusal = failure("NotifyFailed", "it answered 404: no hook 1")
const refused = notifierStatus(well, facts({ answer: refusal }))

describe("the status of a Notifier", () => {
  it("says that nothing is known against it, once", () => {
    assert.deepStrictEqual(well, {
      observedGeneration: 1,
      conditions: [{
        type: "Ready",
        status: "True",
        reason: "Succeeded",
        message: "Nothing is known against it",
        lastTransitionTime: "2026-11-28T12:00:00Z",
        observedGeneration: 1
      }]
    })
    assert.strictEqual(notifierStatus(well, facts({ now: "2026-11-28T13:00:00Z", answer: "sent" })), well)
  })

  it("says what is wrong, what would help, and no secret", () => {
    const problems = ["spec.slack.channel: expected string", "spec.canary: is missing"]
    assert.strictEqual(
      said(notifierStatus({}, facts({ problems }))),
      "False InvalidSpec: spec.slack.channel: expected string; spec.(redacted): is missing. Mend the fields that are " +
        "named; `kubectl explain notifier.spec` lists them."
    )
    assert.strictEqual(
      said(notifierStatus(well, facts({ lacks: failure("InvalidSpec", "there is no Secret chat") }))),
      "False InvalidSpec: There is no Secret chat. Mend it, or its Secret: what waits is sent then."
    )
    assert.strictEqual(
      said(notifierStatus(well, facts({ answer: failure("AuthFailed", "it answered 403: who is canary?") }))),
      "False AuthFailed: It answered 403: who is (redacted)? Put what it takes into its Secret; what was refused is " +
        "not sent again."
    )
  })

  it("says a refusal once, whatever else the sink says with it, and another", () => {
    const again = failure("NotifyFailed", "it answered 404: no hook 2")
    assert.strictEqual(notifierStatus(refused, facts({ answer: again })), refused)
    const other = failure("NotifyFailed", "it answered 410")
    assert.match(said(notifierStatus(refused, facts({ answer: other }))), /^False NotifyFailed: It answered 410\./u)
  })

  it("keeps what the sink said until it takes something, or is told with something else", () => {
    assert.strictEqual(notifierStatus(refused, facts()), refused)
    for (const news of [{ answer: "sent" }, { isRenewed: true }, { generation: 2 }] as const) {
      assert.match(said(notifierStatus(refused, facts(news))), /^True/u)
    }
  })

  it("goes on from what its Secret lacked as soon as nothing is found", () => {
    const lacks = notifierStatus(well, facts({ lacks: failure("AccessDenied", "its Secret cannot be read") }))
    assert.match(said(lacks), /^False AccessDenied/u)
    assert.match(said(notifierStatus(lacks, facts())), /^True/u)
  })

  it("is left alone by who has not looked, but for what its sink answered there", () => {
    const blind = { isSeen: false }
    assert.deepStrictEqual(notifierStatus({}, facts(blind)), {})
    assert.deepStrictEqual(notifierStatus({}, facts({ ...blind, problems: ["spec: is missing"] })), {})
    assert.strictEqual(notifierStatus(refused, facts(blind)), refused)
    assert.match(said(notifierStatus(refused, facts({ ...blind, answer: "sent" }))), /^True/u)
    assert.match(said(notifierStatus(well, facts({ ...blind, answer: refusal }))), /^False NotifyFailed/u)
  })
})
