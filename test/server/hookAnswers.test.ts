import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { follow, nothingElse, open, openShop, send, shop } from "./Ground.ts"
import { fixture, push, secret, senders } from "./webhooks.ts"

describe("POST /hooks", () => {
  it.live("accepts and ignores what pushed nothing", () =>
    Effect.gen(function*() {
      const ground = yield* openShop()
      yield* follow(ground, "bitbucket.org/acme/shop", { token: secret }, "bitbucket")
      for (const name of ["gitlab-branch-deleted", "gitlab-merge-request"]) {
        const body = fixture(name)
        assert.strictEqual((yield* ground.post("/hooks/gitlab", senders.gitlab(body, secret, name), body)).status, 202)
      }
      const deleted = fixture("bitbucket-cloud-branch-deleted")
      assert.strictEqual(
        (yield* ground.post("/hooks/bitbucket", senders.bitbucket(deleted, secret), deleted)).status,
        202
      )
      // These name no repository: any secret of the installation will do, and a wrong one will not.
      for (
        const [path, name, event] of [["github", "github-ping", "ping"], [
          "bitbucket",
          "bitbucket-datacenter-ping",
          "diagnostics:ping"
        ]] as const
      ) {
        const body = fixture(name)
        const headers = senders[path](body, secret, name, event)
        assert.strictEqual((yield* ground.post(`/hooks/${path}`, headers, body)).status, 202)
        assert.strictEqual(
          (yield* ground.post(`/hooks/${path}`, senders[path](body, "no", name, event), body)).status,
          401
        )
      }
      assert.strictEqual((yield* ground.post("/hooks/generic", senders.generic("{}", secret), "{}")).status, 202)
      yield* nothingElse(ground)
    }))

  it.live("does nothing for a delivery that came before, and remembers none that was refused or ignored", () =>
    Effect.gen(function*() {
      const ground = yield* openShop()
      const merge = fixture("gitlab-merge-request")
      assert.strictEqual((yield* ground.post("/hooks/gitlab", senders.gitlab(push, "wrong"), push)).status, 401)
      assert.strictEqual((yield* ground.post("/hooks/gitlab", senders.gitlab(merge, secret), merge)).status, 202)
      assert.strictEqual((yield* ground.post("/hooks/gitlab", senders.gitlab(push, secret), push)).status, 202)
      assert.strictEqual(yield* ground.hinted, shop)
      assert.strictEqual((yield* ground.post("/hooks/gitlab", senders.gitlab(push, secret), push)).status, 202)
      yield* nothingElse(ground)
      assert.strictEqual((yield* ground.post("/hooks/gitlab", senders.gitlab(push, secret, "new"), push)).status, 202)
      assert.strictEqual(yield* ground.hinted, shop)
    }))

  it.live("reads payloads that come as a form", () =>
    Effect.gen(function*() {
      const ground = yield* open()
      yield* follow(ground, "github.com/acme/shop", { token: secret })
      const body = new URLSearchParams({ payload: fixture("github-push") }).toString()
      const headers = { ...senders.github(body, secret), "content-type": "application/x-www-form-urlencoded" }
      assert.strictEqual((yield* ground.post("/hooks/github", headers, body)).status, 202)
      assert.strictEqual(yield* ground.hinted, "github.com/acme/shop")
    }))

  it.live("answers what is no hook as HTTP has it", () =>
    Effect.gen(function*() {
      const ground = yield* open()
      for (
        const path of [
          "/",
          "/hooks",
          "/hooks/",
          "/hooks/svn",
          "/hooks/gitlab/shop",
          "/hooks/gitlab/a/b/c",
          "/hooks/gitlab/../x/y",
          "/hooks/gitlab/%00/x",
          "/hooks/constructor",
          "/__proto__",
          "/metrics"
        ]
      ) {
        assert.strictEqual((yield* ground.post(path, { "x-gitlab-token": secret }, push)).status, 404, path)
      }
      for (const method of ["GET", "PUT", "DELETE", "OPTIONS"]) {
        const answer = yield* send(ground.http, "/hooks/gitlab", { method })
        assert.deepStrictEqual([answer.status, answer.headers.allow], [405, "POST"])
      }
      for (
        const body of [
          "",
          "null",
          "[]",
          "1",
          `"x"`,
          "{",
          "{} {}",
          Buffer.from([0x7b, 0xff, 0x7d]),
          "<x/>",
          "[".repeat(1_000_000),
          `{"a":`.repeat(200_000)
        ]
      ) {
        assert.strictEqual((yield* ground.post("/hooks/gitlab", { "x-gitlab-token": secret }, body)).status, 400)
      }
    }))

  it.live("goes on after a hint that crashes", () =>
    Effect.gen(function*() {
      const ground = yield* openShop({ hint: () => Effect.die("no luck") })
      assert.strictEqual((yield* ground.post("/hooks/gitlab", senders.gitlab(push, secret, "a"), push)).status, 202)
      assert.strictEqual((yield* ground.post("/hooks/gitlab", senders.gitlab(push, secret, "b"), push)).status, 202)
      assert.isTrue(ground.logs.some((line) => line.includes("a webhook's hint crashed")))
    }))

  it.live("answers before the hint is done", () =>
    Effect.gen(function*() {
      const ground = yield* openShop({ hint: () => Effect.never })
      assert.strictEqual((yield* ground.post("/hooks/gitlab", senders.gitlab(push, secret), push)).status, 202)
    }))

  it.live("counts by provider and answer, and by nothing that a sender chooses", () =>
    Effect.gen(function*() {
      const ground = yield* openShop()
      yield* ground.post("/hooks/gitlab", senders.gitlab(push, secret), push)
      yield* ground.post("/hooks/gitlab", senders.gitlab(push, "wrong"), push)
      for (const path of ["a", "b", "c"]) yield* ground.post(`/hooks/${path}`, {}, "")
      const counted = (yield* ground.scrape).split("\n").filter((line) =>
        line.startsWith("sluice_webhook_requests_total")
      )
      assert.sameMembers(counted, [
        `sluice_webhook_requests_total{source="gitlab",code="202"} 1`,
        `sluice_webhook_requests_total{source="gitlab",code="401"} 1`,
        `sluice_webhook_requests_total{source="unknown",code="404"} 3`
      ])
    }))
})
