import { assert, describe, it } from "@effect/vitest"
import type { Violation } from "../../src/domain/Decision.ts"
import type { JsonObject } from "../../src/domain/Json.ts"
import { Outcome, type Run } from "../../src/domain/Outcome.ts"
import { oneLine } from "../../src/domain/plainText.ts"
import { ApplyFailed } from "../../src/domain/StageError.ts"
import { slackMessage } from "../../src/notify/slackMessage.ts"
import { teamsMessage } from "../../src/notify/teamsMessage.ts"
import type { ChatMessage } from "../../src/notify/wording.ts"
import { adaptiveCardProblems } from "../support/adaptiveCard.ts"
import { blockKitProblems } from "../support/blockKit.ts"
import { driftMessageOf, manyOf, scaled } from "./drifts.ts"
import { denied, fetchFailed, messageOf, run, violations } from "./outcomes.ts"

const hostile: Readonly<Record<string, string>> = {
  "a mention of everybody": "<!channel> <!here> <!everyone> @channel",
  "a mention of a person": "<@U07DANA> <#C0DEPLOYS>",
  "a link in disguise": "<https://evil.example/|https://gitlab.example.com>",
  "a link with a script": "<javascript:alert(1)|click> [click](javascript:alert(1)) [x](data:text/html,hi)",
  "a Markdown link": "[approve here](https://evil.example/login)",
  "an image": "![x](https://evil.example/pixel.png)",
  "a Teams mention": "<at>Everyone</at>",
  "entities": "&lt;!channel&gt; &amp; & &#60;",
  "code that ends early": "``` <!channel> ``` ` *bold* _it_ ~no~",
  "lines and controls": "one\r\ntwo\u2028three\u0000\u0007\u001b[31mred",
  "reversed text": "safe\u202Egpj.exe\u202C\u2066x\u2069\u200b\ufeff",
  "half a character": "\ud83d broken \udc00",
  "a date of Slack": "<!date^0^{date}|now> <!subteam^S1>",
  "a heading and a list": "# BIG\n- item\n> quote\n1. one",
  "something long": "x".repeat(200_000),
  "something long to escape": "<&>".repeat(50_000)
}

const violation = (text: string): Violation => ({
  ...violations[0]!,
  policy: text,
  message: text,
  title: text,
  remedy: text,
  url: text,
  impact: text,
  object: { apiVersion: text, kind: text, namespace: text, name: text },
  source: { file: text, line: 3 },
  bundle: { name: text, digest: "sha256:aa" }
})

/** What a person can call a field, a manager or a delivery, at most. */
const driftOf = (text: string) => {
  const clean = oneLine(text, 300)
  const finding = {
    ...scaled,
    object: { group: clean, kind: clean, namespace: clean, name: clean },
    manager: clean,
    fields: [clean, clean]
  }
  const others = Array.from({ length: 30 }, (_, index) => ({ ...finding, fields: [`${clean}${index}`] }))
  const fight = { ...finding, action: "backing off" as const }
  return [driftMessageOf([finding]), driftMessageOf(others), driftMessageOf([fight], "fighting")]
}

const withText = (text: string): ReadonlyArray<ChatMessage> => {
  const details: Run = {
    ...run,
    commit: { ...run.commit!, subject: text, author: { name: text, email: text } }
  }
  const blocked = Outcome.Denied({ ...denied, violations: Array.from({ length: 200 }, () => violation(text)) })
  const failed = Outcome.Failed({
    error: new ApplyFailed({
      detail: text,
      hint: text,
      origin: { file: text, line: 1 },
      object: { group: text, kind: text, namespace: text, name: text }
    }),
    changes: undefined
  })
  const many = Outcome.Applied({
    changes: { created: 500, configured: 0, replaced: 0, pruned: 0, unchanged: 0 },
    objects: Array.from({ length: 500 }, () => text),
    violations: [],
    summary: { objects: 500, passed: 1, warned: 0, denied: 0, waived: 0 }
  })
  return [
    messageOf("blocked", blocked, details),
    messageOf("failed", failed, details),
    messageOf("recovered", many, details),
    manyOf({ ...messageOf("failed", fetchFailed), error: messageOf("failed", failed, details).error! }, 30),
    ...driftOf(text)
  ]
}

const json = (value: unknown): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject
const id = "msg_0123456789abcdef0123456789abcdef"

/** Every string in a body. */
const strings = (value: unknown): ReadonlyArray<string> =>
  typeof value === "string"
    ? [value]
    : typeof value === "object" && value !== null
    ? Object.values(value).flatMap(strings)
    : []

describe("text of the repository", () => {
  for (const [name, text] of Object.entries(hostile)) {
    it(`stays text in Slack: ${name}`, () => {
      for (const message of withText(text)) {
        const body = json(slackMessage(message, id, { buttons: true }))
        assert.deepStrictEqual(blockKitProblems(body), [])
        for (const part of strings(body)) {
          assert.notMatch(part, /<(?:[!@#](?!date\^17953\d{5}\^)|(?!https?:|!date)[a-z]+:)/u)
          assert.isTrue(part.isWellFormed())
        }
      }
    })

    it(`stays text in Teams: ${name}`, () => {
      for (const message of withText(text)) {
        const body = json(teamsMessage(message, id))
        assert.deepStrictEqual(adaptiveCardProblems(body), [])
        for (const part of strings(body)) {
          assert.notMatch(part, /(?<!\\)\]\((?!https:\/\/gitlab\.example\.com\/)/u)
          assert.notMatch(part, /<\/?at>/u)
        }
      }
    })
  }

  it("shows no hidden characters anywhere", () => {
    for (const message of withText(hostile["reversed text"]!)) {
      assert.notMatch(JSON.stringify(message), /[\u200b\u202a-\u202e\u2066-\u2069\ufeff]/u)
    }
  })
})

describe("limits", () => {
  it("says how many violations it does not name", () => {
    const many = Outcome.Denied({
      violations: Array.from({ length: 200 }, (_, index) => ({ ...violations[0]!, policy: `rule-${index}` })),
      summary: { ...denied.summary, denied: 200 }
    })
    const message = messageOf("blocked", many)
    for (const body of [slackMessage(message, id, { buttons: true }), teamsMessage(message, id)]) {
      const text = JSON.stringify(body)
      assert.include(text, "200 policy violations")
      const shown = new Set([...text.matchAll(/rule-(\d+)/gu)].map(([, index]) => index)).size
      assert.isAbove(shown, 9)
      assert.include(text, `+${200 - shown} more`)
    }
  })

  it("names denials before warnings", () => {
    const mixed = Outcome.Denied({
      violations: [{ ...violations[0]!, policy: "only-warns", severity: "warn" }, violations[1]!],
      summary: denied.summary
    })
    assert.deepStrictEqual(messageOf("blocked", mixed).violations.map(({ policy }) => policy), [
      "no-host-network",
      "only-warns"
    ])
  })
})
