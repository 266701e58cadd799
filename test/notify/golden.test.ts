import { assert, describe, it } from "@effect/vitest"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Json, JsonObject } from "../../src/domain/Json.ts"
import { cloudEvent } from "../../src/notify/cloudEvent.ts"
import type { Message } from "../../src/notify/Message.ts"
import { slackMessage } from "../../src/notify/slackMessage.ts"
import { teamsMessage } from "../../src/notify/teamsMessage.ts"
import { adaptiveCardProblems } from "../support/adaptiveCard.ts"
import { blockKitProblems } from "../support/blockKit.ts"
import {
  applied,
  applyFailed,
  denied,
  fetchFailed,
  healthTimeout,
  messageOf,
  pruneBlocked,
  renderFailed,
  run,
  unchanged
} from "./outcomes.ts"

const folder = join(import.meta.dirname, "..", "fixtures", "notify")

const messages: Readonly<Record<string, Message>> = {
  "applied": messageOf("applied", applied),
  "applied-first": messageOf("applied", applied, { ...run, previous: undefined }),
  "recovered": messageOf("recovered", applied),
  "recovered-unchanged": messageOf("recovered", unchanged),
  "blocked": messageOf("blocked", denied),
  "blocked-prune": messageOf("blocked", pruneBlocked),
  "failed-fetch": messageOf("failed", fetchFailed, { ...run, commit: undefined, revision: undefined }),
  "failed-render": messageOf("failed", renderFailed),
  "failed-health": messageOf("failed", healthTimeout),
  "failed-apply": messageOf("failed", applyFailed, { ...run, next: { inMs: 120_000, attempt: 2 } })
}

const id = "msg_0123456789abcdef0123456789abcdef"
const json = (value: unknown): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject
const noProblems = (): ReadonlyArray<string> => []

const sinks: Readonly<
  Record<
    string,
    { readonly body: (message: Message) => unknown; readonly problems: (body: JsonObject) => ReadonlyArray<string> }
  >
> = {
  "slack-bot": { body: (message) => slackMessage(message, id, { buttons: true }), problems: blockKitProblems },
  "slack-webhook": { body: (message) => slackMessage(message, id, { buttons: false }), problems: blockKitProblems },
  "teams": { body: (message) => teamsMessage(message, id), problems: adaptiveCardProblems },
  "webhook": { body: (message) => cloudEvent(message, id), problems: noProblems }
}

/** `UPDATE_GOLDEN=1` writes the files anew; a review reads the difference. */
const golden = (name: string, actual: Json) => {
  const file = join(folder, `${name}.json`)
  if (process.env.UPDATE_GOLDEN === "1") writeFileSync(file, `${JSON.stringify(actual, null, 2)}\n`)
  assert.isTrue(existsSync(file), `${file} is missing: run with UPDATE_GOLDEN=1`)
  assert.deepStrictEqual(actual, JSON.parse(readFileSync(file, "utf8")))
}

describe("messages", () => {
  for (const [outcome, message] of Object.entries(messages)) {
    for (const [sink, { body, problems }] of Object.entries(sinks)) {
      it(`${outcome} as ${sink} reads as the golden file`, () => {
        const made = json(body(message))
        assert.deepStrictEqual(problems(made), [])
        golden(`${outcome}.${sink}`, made)
      })
    }
  }
})
