import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"
import { follow, open, send } from "./Ground.ts"
import { push, senders } from "./webhooks.ts"

describe("secrets", () => {
  it.live("show up in no answer, log or metric, however they came", () =>
    Effect.gen(function*() {
      const canary = `canary-${randomBytes(12).toString("hex")}`
      const ground = yield* open({ hint: () => Effect.die("no luck") })
      yield* follow(ground, "gitlab.example.com/acme/shop", { token: canary, signingToken: `${canary}-signs` })
      const texts: Array<string> = []
      const keep = (answer: { readonly text: string; readonly headers: object }) =>
        Effect.sync(() => texts.push(answer.text, JSON.stringify(answer.headers)))
      const bodies = [
        push,
        push.replace("Raise", canary),
        canary,
        `{"object_kind":"${canary}"}`,
        "{}",
        `{"after":{"${canary}":1}}`,
        push.replace("refs/heads/main", canary)
      ]
      for (const body of bodies) {
        for (
          const provider of [
            "gitlab",
            "github",
            "gitea",
            "bitbucket",
            "generic",
            "gitlab/shop/shop",
            canary,
            `gitlab/${canary}/x`
          ]
        ) {
          for (
            const headers of [
              senders.gitlab(body, canary, randomBytes(8).toString("hex")),
              senders.gitlab(body, canary, `the id of ${canary}`),
              {
                "x-gitlab-token": `${canary}x`,
                "x-gitlab-event-uuid": "1",
                cookie: canary,
                authorization: `Bearer ${canary}`
              },
              { "x-hub-signature-256": canary, "x-github-event": canary, "user-agent": canary },
              { "x-hub-signature": canary, "x-gitea-signature": canary, "x-signature": `sha256=${canary}` }
            ]
          ) {
            yield* Effect.flatMap(
              send(ground.http, `/hooks/${provider}?token=${canary}`, { method: "POST", headers, body }),
              keep
            )
          }
        }
      }
      const told = [...texts, ...ground.logs, yield* ground.scrape].join("\n")
      assert.include(told, "accepted")
      assert.include(told, "webhook refused")
      assert.include(told, "a webhook's hint crashed")
      assert.notInclude(told, canary)
      assert.notInclude(told, "Dana")
    }), 60_000)
})
