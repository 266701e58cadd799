import { assert, describe, it } from "@effect/vitest"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Json, JsonObject } from "../../src/domain/Json.ts"
import type { Outcome } from "../../src/domain/Outcome.ts"
import { cloudEvent } from "../../src/notify/cloudEvent.ts"
import type { DriftMessage } from "../../src/notify/DriftMessage.ts"
import type { ManyMessage } from "../../src/notify/ManyMessage.ts"
import type { Message } from "../../src/notify/Message.ts"
import { slackMessage } from "../../src/notify/slackMessage.ts"
import { teamsMessage } from "../../src/notify/teamsMessage.ts"
import { adaptiveCardProblems } from "../support/adaptiveCard.ts"
import { blockKitProblems } from "../support/blockKit.ts"
import { deleted, driftMessageOf, manyOf, scaled, sidecar } from "./drifts.ts"
import {
  applied,
  applyFailed,
  denied,
  fetchFailed,
  healthTimeout,
  held,
  heldRun,
  messageOf,
  pruneBlocked,
  renderFailed,
  run,
  unchanged
} from "./outcomes.ts"

const folder = join(import.meta.dirname, "..", "fixtures", "notify")

const fight = { ...scaled, manager: "hpa-controller", action: "backing off" } as const

const messages: Readonly<Record<string, Message | DriftMessage>> = {
  "applied": messageOf("applied", applied),
  "applied-first": messageOf("applied", applied, { ...run, previous: undefined }),
  "applied-losses": messageOf("applied", {
    ...applied,
    losses: [
      "Deployment/shop/checkout: spec.replicas falls back from 5 to 1",
      "Service/shop/checkout selects no workload of this revision any more"
    ]
  } as Outcome),
  "recovered": messageOf("recovered", applied),
  "recovered-unchanged": messageOf("recovered", unchanged),
  "blocked": messageOf("blocked", denied),
  "blocked-applied": messageOf("blocked", denied, { ...run, previous: run.revision }),
  "blocked-prune": messageOf("blocked", pruneBlocked),
  "failed-fetch": messageOf("failed", fetchFailed, { ...run, commit: undefined, revision: undefined }),
  "failed-held": messageOf("failed", held, heldRun),
  "failed-held-first": messageOf("failed", held, { ...heldRun, previous: undefined }),
  "failed-render": messageOf("failed", renderFailed),
  "failed-health": messageOf("failed", healthTimeout),
  "failed-apply": messageOf("failed", applyFailed, { ...run, next: { inMs: 120_000, attempt: 2 } }),
  "drift": driftMessageOf([scaled]),
  "drift-several": driftMessageOf([sidecar, scaled, scaled, deleted]),
  "drift-many": driftMessageOf(
    Array.from({ length: 200 }, (_, index) => ({
      ...sidecar,
      object: { ...sidecar.object, name: `service-${index}` },
      manager: `controller-${index % 5}`
    }))
  ),
  "drift-deleted": driftMessageOf([deleted]),
  "drift-noticed": driftMessageOf([{ ...scaled, action: "reported" }]),
  "drift-denied": driftMessageOf([{
    ...scaled,
    action: "denied",
    why: "no-scaling of PolicyBundle baseline refuses it by now: 9 replicas are too many"
  }]),
  "drift-fight": driftMessageOf([fight], "fighting"),
  "drift-fight-goes-on": driftMessageOf(Array.from({ length: 41 }, () => fight), "still fighting", 3_610_000),
  "drift-fight-over": driftMessageOf([fight, { ...fight, object: deleted.object }], "over", 8_000_000)
}

/** Told to chats only. */
const many: Readonly<Record<string, ManyMessage>> = {
  "many-failed": manyOf(
    messageOf("failed", fetchFailed, { ...run, commit: undefined, revision: undefined }),
    37
  ),
  "many-held": manyOf(messageOf("failed", held, heldRun), 41),
  "many-recovered": manyOf(messageOf("recovered", unchanged), 4)
}

const id = "msg_0123456789abcdef0123456789abcdef"
const json = (value: unknown): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject
const noProblems = (): ReadonlyArray<string> => []

interface Sink<M> {
  readonly body: (message: M) => unknown
  readonly problems: (body: JsonObject) => ReadonlyArray<string>
}

const chats: Readonly<Record<string, Sink<Message | DriftMessage | ManyMessage>>> = {
  "slack-bot": { body: (message) => slackMessage(message, id, { buttons: true }), problems: blockKitProblems },
  "slack-webhook": { body: (message) => slackMessage(message, id, { buttons: false }), problems: blockKitProblems },
  "teams": { body: (message) => teamsMessage(message, id), problems: adaptiveCardProblems }
}

const sinks: Readonly<Record<string, Sink<Message | DriftMessage>>> = {
  ...chats,
  "webhook": { body: (message) => cloudEvent(message, id), problems: noProblems }
}

/** `UPDATE_GOLDEN=1` writes the files anew; a review reads the difference. */
const golden = (name: string, actual: Json) => {
  const file = join(folder, `${name}.json`)
  if (process.env.UPDATE_GOLDEN === "1") writeFileSync(file, `${JSON.stringify(actual, null, 2)}\n`)
  assert.isTrue(existsSync(file), `${file} is missing: run with UPDATE_GOLDEN=1`)
  assert.deepStrictEqual(actual, JSON.parse(readFileSync(file, "utf8")))
}

const reads = <M>(messages: Readonly<Record<string, M>>, sinks: Readonly<Record<string, Sink<M>>>) => {
  for (const [outcome, message] of Object.entries(messages)) {
    for (const [sink, { body, problems }] of Object.entries(sinks)) {
      it(`${outcome} as ${sink} reads as the golden file`, () => {
        const made = json(body(message))
        assert.deepStrictEqual(problems(made), [])
        golden(`${outcome}.${sink}`, made)
      })
    }
  }
}

describe("messages", () => {
  reads(messages, sinks)
  reads(many, chats)
})
