import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Tracer from "effect/Tracer"
import type { Notifier } from "../../src/api/v1alpha1/Notifier.ts"
import type { Outcome, Run } from "../../src/domain/Outcome.ts"
import { RedactedValues, Redactions } from "../../src/domain/redact.ts"
import { Notify } from "../../src/notify/Notify.ts"
import { type ChatServer, startChatServer } from "../support/ChatServer.ts"
import { applied, applyFailed, denied, revision, run } from "./outcomes.ts"
import { delivery, makeRecord, notifier, secretsOf } from "./world.ts"

const token = "xoxb-canary-7731"
const signingKey = "canary-signing-key-4402"

const server = Effect.acquireRelease(
  Effect.promise(() => startChatServer({ token, signingKey })),
  (chat) => Effect.promise(() => chat.stop())
)

const slack = notifier("team-chat", { slack: { channel: "C0DEPLOYS", secretRef: { name: "slack" } } })
const incoming = notifier("incoming", { slack: { secretRef: { name: "incoming" } } })
const teams = notifier("teams", { teams: { secretRef: { name: "teams" } } })
const webhook = notifier("events", { webhook: { secretRef: { name: "hook" } } })

const secretsFor = ({ url }: ChatServer) => ({
  slack: { token, address: `${url}/api` },
  incoming: { address: `${url}/services/T0/B0/canary-path-8810` },
  teams: { address: `${url}/workflows/canary-flow-2291?sig=canary-sig-1` },
  hook: { address: `${url}/hooks/canary-hook-6610`, token: signingKey }
})

/** Just now: what is older than a day is given up. */
const at = (letter: string): Run => ({
  ...run,
  id: `run-${letter}`,
  revision: revision(letter),
  startedAt: Date.now() - run.durationMs
})

interface Setup {
  readonly chat: ChatServer
  readonly notifiers: ReadonlyArray<Notifier>
  readonly allowLoopback?: boolean
  readonly secrets?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

/** Tells the outcomes over real HTTP, waits until all are sent, and returns what was logged. */
const telling = (
  { allowLoopback = true, chat, notifiers, secrets }: Setup,
  ...steps: ReadonlyArray<readonly [string, Outcome]>
) =>
  Effect.gen(function*() {
    const lines: Array<string> = []
    const logger = Logger.make<unknown, void>(({ message }) => void lines.push(String(message)))
    const record = makeRecord()
    const subscribed = delivery(notifiers.map(({ metadata }) => ({ name: metadata.name })))
    yield* Effect.gen(function*() {
      const notify = yield* Notify
      for (const [letter, outcome] of steps) {
        yield* notify.tell(subscribed, notifiers, at(letter), outcome)
        yield* notify.flush
      }
    }).pipe(Effect.provide([
      Notify.layer({ allowLoopback, interval: 0, cluster: "prod-eu" }),
      record.layer,
      secretsOf(secrets ?? secretsFor(chat)),
      Logger.layer([logger])
    ]))
    return lines.join("\n")
  }).pipe(Effect.provideService(Redactions, new RedactedValues()))

describe("notify", () => {
  it.live("tells a bot's channel once a revision, and updates that message in place", () =>
    Effect.gen(function*() {
      const chat = yield* server
      yield* telling({ chat, notifiers: [slack] }, ["a", denied], ["a", applyFailed], ["a", applied], ["b", applied])
      assert.deepStrictEqual(chat.messages.map(({ kind }) => kind), [
        "slack-post",
        "slack-update",
        "slack-update",
        "slack-post"
      ])
      assert.lengthOf([...chat.board], 2)
      assert.match([...chat.board.values()][0]!, /^:white_check_mark: \*shop-prod\* recovered and is on `aaaaaaaa`/u)
      assert.strictEqual(new Set(chat.messages.map(({ id }) => id)).size, 4)
    }))

  it.live("posts anew when the message may not be edited any more", () =>
    Effect.gen(function*() {
      const chat = yield* server
      // Slack says that it took the message; the update then finds none.
      chat.failNext({ status: 200, body: JSON.stringify({ ok: true, channel: "C0DEPLOYS", ts: "1.1" }) })
      yield* telling({ chat, notifiers: [slack] }, ["b", denied], ["b", applied])
      assert.deepStrictEqual(chat.messages.map(({ kind }) => kind), ["slack-post"])
      assert.include(chat.messages[0]!.text, "recovered")
    }))

  it.live("tries again when Slack answers 200 and says that it is too busy", () =>
    Effect.gen(function*() {
      const chat = yield* server
      chat.failNext({ slackError: "ratelimited" })
      const text = yield* telling({ chat, notifiers: [slack] }, ["a", denied])
      assert.include(text, "Slack says ratelimited; tried again")
      assert.lengthOf(chat.messages, 1)
    }))

  it.live("keeps addresses and tokens out of traces", () =>
    Effect.gen(function*() {
      const chat = yield* server
      const spans: Array<Tracer.NativeSpan> = []
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          spans.push(span)
          return span
        }
      })
      yield* Effect.withTracer(telling({ chat, notifiers: [incoming, webhook, slack] }, ["a", denied]), tracer)
      const told = spans.map((span) => `${span.name} ${JSON.stringify([...span.attributes])}`)
      assert.include(told.join("\n"), "notify.send")
      assert.notMatch(told.join("\n"), /canary|127\.0\.0\.1/u)
    }))

  it.live("is understood by an incoming webhook, a Teams workflow and a receiver that checks signatures", () =>
    Effect.gen(function*() {
      const chat = yield* server
      yield* telling({ chat, notifiers: [incoming, teams, webhook] }, ["a", denied], ["b", applied])
      const kinds = chat.messages.map(({ kind }) => kind).toSorted()
      assert.deepStrictEqual(kinds, ["slack-incoming", "slack-incoming", "teams", "teams", "webhook", "webhook"])
      assert.isTrue(chat.messages.every(({ id }) => /^msg_[0-9a-f]+$/u.test(id)))
    }))

  it.live("drops what a sink refuses for good, and says why without address or token", () =>
    Effect.gen(function*() {
      const chat = yield* server
      const other = { ...secretsFor(chat), slack: { token: "xoxb-canary-wrong", address: `${chat.url}/api` } }
      const text = yield* telling({ chat, notifiers: [slack], secrets: other }, ["a", denied])
      assert.include(
        text,
        "Notifier team-chat (slack): Slack says invalid_auth; dropped a message about shop/shop-prod"
      )
      chat.failNext({ status: 404, body: `no such hook ${chat.url}/services/T0/B0/canary-path-8810` })
      const echoed = yield* telling({ chat, notifiers: [incoming] }, ["a", denied])
      assert.include(echoed, "it answered 404: no such hook (redacted)")
      assert.notMatch(text + echoed, /canary|127\.0\.0\.1/u)
      assert.lengthOf(chat.attempts, 2)
    }))

  it.live("follows no redirect", () =>
    Effect.gen(function*() {
      const chat = yield* server
      chat.failNext({ status: 307, location: `${chat.url}/hooks/elsewhere` })
      const text = yield* telling({ chat, notifiers: [webhook] }, ["a", denied])
      assert.include(text, "redirect, which is not followed")
      assert.deepStrictEqual(chat.attempts.map(({ path }) => path), ["/hooks/canary-hook-6610"])
    }))

  it.live("sends again under the same id when the connection was cut", () =>
    Effect.gen(function*() {
      const chat = yield* server
      chat.failNext("cut")
      const text = yield* telling({ chat, notifiers: [webhook] }, ["a", denied])
      assert.include(text, "the connection was cut; tried again")
      assert.deepStrictEqual(chat.attempts.map(({ status }) => status), ["cut", 204])
      assert.notMatch(text, /canary|127\.0\.0\.1/u)
    }))

  it.live("reaches nothing on this machine unless that is allowed, by address or by name", () =>
    Effect.gen(function*() {
      const chat = yield* server
      const notifiers = [webhook]
      const byAddress = yield* telling({ chat, notifiers, allowLoopback: false }, ["a", denied])
      assert.include(byAddress, "loopback addresses are refused")
      const named = chat.url.replace("127.0.0.1", "localhost")
      const secrets = { hook: { address: `${named}/hooks/x`, token: signingKey } }
      const byName = yield* telling({ chat, notifiers, allowLoopback: false, secrets }, ["a", denied])
      assert.include(byName, "its name leads to a refused address")
      assert.lengthOf(chat.attempts, 0)
      yield* telling({ chat, notifiers, allowLoopback: true, secrets }, ["a", denied])
      assert.lengthOf(chat.messages, 1)
    }))

  it.live("says what to do about a retired connector and about Secrets that lack something", () =>
    Effect.gen(function*() {
      const chat = yield* server
      const retired = { teams: { address: "https://acme.webhook.office.com/webhookb2/canary" } }
      assert.include(yield* telling({ chat, notifiers: [teams], secrets: retired }, ["a", denied]), "make a workflow")
      const text = yield* telling({
        chat,
        notifiers: [teams, webhook, slack, incoming],
        secrets: {
          hook: { token: "canary-only" },
          slack: {},
          incoming: { token: "xoxb-canary-only" }
        }
      }, ["a", denied])
      assert.include(text, "Notifier teams (teams): there is no Secret teams")
      assert.include(text, "Notifier events (webhook): the Secret hook has no key address")
      assert.include(text, "Notifier team-chat (slack): the Secret slack has no key token or address")
      assert.include(text, "Notifier incoming (slack): a bot token needs spec.slack.channel")
    }))

  it.live("is not held up by a sink that hangs, nor are the other sinks", () =>
    Effect.gen(function*() {
      const chat = yield* server
      const record = makeRecord()
      const notifiers = [webhook, slack]
      const subscribed = delivery([{ name: "events" }, { name: "team-chat" }])
      chat.failNext("hang")
      yield* Effect.gen(function*() {
        const notify = yield* Notify
        yield* notify.tell(delivery([{ name: "events" }]), notifiers, at("a"), denied)
        yield* Effect.promise(() => chat.attempted(1))
        yield* notify.tell(subscribed, notifiers, at("b"), denied)
        yield* Effect.promise(() => chat.received(1))
      }).pipe(Effect.provide([
        Notify.layer({ allowLoopback: true, interval: 0 }),
        record.layer,
        secretsOf(secretsFor(chat))
      ]))
      assert.deepStrictEqual(chat.messages.map(({ kind }) => kind), ["slack-post"])
      // The end of the layer did not wait for the sink; what hung is still to be sent.
      assert.include(record.text(), "\"notifier\":\"events\"")
    }))

  it.live("tells only notifiers of the delivery's own namespace, and only of what they subscribed to", () =>
    Effect.gen(function*() {
      const chat = yield* server
      const foreign = notifier("team-chat", { slack: { channel: "C0OTHER", secretRef: { name: "slack" } } }, "other")
      assert.include(yield* telling({ chat, notifiers: [foreign] }, ["a", denied]), "there are none")
      assert.lengthOf(chat.attempts, 0)
      const record = makeRecord()
      yield* Effect.gen(function*() {
        const notify = yield* Notify
        const only = delivery([{ name: "events", on: ["failed"] }, { name: "incoming", on: ["applied"] }])
        for (const [letter, outcome] of [["a", applied], ["b", denied], ["b", applyFailed], ["c", applied]] as const) {
          yield* notify.tell(only, [webhook, incoming], at(letter), outcome)
          yield* notify.flush
        }
      }).pipe(Effect.provide([
        Notify.layer({ allowLoopback: true, interval: 0 }),
        record.layer,
        secretsOf(secretsFor(chat))
      ]))
      assert.deepStrictEqual(chat.messages.map(({ kind }) => kind), ["slack-incoming", "webhook", "slack-incoming"])
    }))
})
