import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { follow, type Ground, open, send } from "./Ground.ts"
import { fixture, senders } from "./webhooks.ts"

const secret = "a-secret-of-the-test"
const signingToken = `whsec_${Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")}`
const shop = "gitlab.example.com/acme/shop"
const push = fixture("gitlab-push")

/** Proves that nothing was hinted before: this hint comes first out of the queue. */
const nothingElse = (ground: Ground) =>
  Effect.gen(function*() {
    const body = JSON.stringify({ repository: "https://sentinel.example.com/a/b" })
    yield* Effect.scoped(Effect.gen(function*() {
      yield* follow(ground, "sentinel.example.com/a/b", { token: "sentinel-secret" }, "sentinel", "sentinel")
      assert.strictEqual(
        (yield* ground.post("/hooks/generic", senders.generic(body, "sentinel-secret"), body)).status,
        202
      )
    }))
    assert.strictEqual(yield* ground.hinted, "sentinel.example.com/a/b")
  })

describe("POST /hooks", () => {
  for (
    const [path, name, sender, repositories] of [
      ["gitlab", "gitlab-push", "gitlab", [shop]],
      ["gitlab", "gitlab-tag-push", "gitlab", [shop]],
      ["gitlab", "gitlab-system-repository-update", "gitlab", [shop]],
      ["github", "github-push", "github", ["github.com/acme/shop"]],
      ["gitea", "gitea-push", "gitea", ["git.example.com/acme/shop"]],
      ["gitea", "forgejo-push", "forgejo", ["codeberg.example.org/acme/shop"]],
      ["forgejo", "forgejo-push", "forgejo", ["codeberg.example.org/acme/shop"]],
      ["bitbucket", "bitbucket-cloud-push", "bitbucket", ["bitbucket.org/acme/shop"]],
      ["bitbucket", "bitbucket-datacenter-push", "bitbucket", ["bitbucket.example.com/scm/acme/shop"]],
      ["generic", "generic", "generic", ["git.example.com/acme/shop"]]
    ] as const
  ) {
    it.live(`hints by ${name} at /hooks/${path}, and by nothing that is not signed`, () =>
      Effect.gen(function*() {
        const ground = yield* open()
        const body = fixture(name)
        for (const repository of repositories) yield* follow(ground, repository, { token: secret })
        const headers = sender === "bitbucket" && name.includes("datacenter")
          ? senders.bitbucket(body, secret, "1", "repo:refs_changed")
          : senders[sender](body, secret)
        const { "content-type": _, ...unsigned } = senders[sender](body, "another-secret") as Record<string, string>
        assert.strictEqual((yield* ground.post(`/hooks/${path}`, unsigned, body)).status, 401)
        assert.strictEqual((yield* ground.post(`/hooks/${path}`, {}, body)).status, 401)
        const answer = yield* ground.post(`/hooks/${path}`, headers, body)
        assert.deepStrictEqual([answer.status, answer.text], [202, "accepted\n"])
        for (const repository of repositories) assert.strictEqual(yield* ground.hinted, repository)
        yield* nothingElse(ground)
      }))
  }

  it.live("accepts and ignores what pushed nothing", () =>
    Effect.gen(function*() {
      const ground = yield* open()
      yield* follow(ground, shop, { token: secret })
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

  it.live("hints what the secret's holder follows, and nothing else that a payload names", () =>
    Effect.gen(function*() {
      const ground = yield* open()
      yield* follow(ground, "gitlab.example.com/mallory/x", { token: "mallorys-secret" }, "x", "mallory")
      yield* follow(ground, shop, { token: secret })
      const body = push.replaceAll("git@gitlab.example.com:acme/shop.git", "git@gitlab.example.com:mallory/x.git")
      assert.strictEqual(
        (yield* ground.post("/hooks/gitlab", senders.gitlab(body, "mallorys-secret"), body)).status,
        202
      )
      assert.strictEqual(yield* ground.hinted, "gitlab.example.com/mallory/x")
      yield* nothingElse(ground)
    }))

  it.live("answers alike for a repository that nobody follows and for a wrong secret", () =>
    Effect.gen(function*() {
      const ground = yield* open()
      yield* follow(ground, shop, { token: secret })
      const unknown = push.replaceAll("acme", "nobody")
      const answers = [
        yield* ground.post("/hooks/gitlab", senders.gitlab(push, "wrong"), push),
        yield* ground.post("/hooks/gitlab", senders.gitlab(unknown, secret), unknown),
        yield* ground.post("/hooks/gitlab/shop/shop", senders.gitlab(push, "wrong"), push),
        yield* ground.post("/hooks/gitlab/shop/nobody", senders.gitlab(push, secret), push)
      ].map(({ headers, status, text }) => ({
        status,
        text,
        headers: Object.keys(headers),
        length: headers["content-length"]
      }))
      for (const answer of answers) assert.deepStrictEqual(answer, answers[0]!)
      assert.strictEqual(answers[0]!.status, 401)
    }))

  it.live("lets nobody downgrade a Delivery that asks for signatures", () =>
    Effect.gen(function*() {
      const ground = yield* open()
      yield* follow(ground, shop, { signingToken })
      const signed = senders.gitlabSigned(push, signingToken)
      const { "webhook-signature": _, ...stripped } = signed
      for (const token of ["", signingToken, secret]) {
        const headers = { ...stripped, ...token === "" ? {} : { "x-gitlab-token": token } }
        assert.strictEqual((yield* ground.post("/hooks/gitlab", headers, push)).status, 401)
      }
      const old = senders.gitlabSigned(push, signingToken, "old", Date.now() - 310_000)
      assert.strictEqual((yield* ground.post("/hooks/gitlab", old, push)).status, 401)
      assert.strictEqual((yield* ground.post("/hooks/gitlab", signed, push)).status, 202)
      assert.strictEqual(yield* ground.hinted, shop)
    }))

  it.live("does nothing for a delivery that came before, and remembers none that was refused or ignored", () =>
    Effect.gen(function*() {
      const ground = yield* open()
      yield* follow(ground, shop, { token: secret })
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

  it.live("lets one Delivery in by its own address, whatever repository its sender names", () =>
    Effect.gen(function*() {
      const ground = yield* open()
      yield* follow(ground, "mirror.example.com/acme/shop", { token: secret }, "checkout")
      yield* follow(ground, shop, { token: "another-secret" }, "other")
      const path = "/hooks/gitlab/shop/checkout"
      assert.strictEqual((yield* ground.post(path, senders.gitlab(push, "another-secret"), push)).status, 401)
      assert.strictEqual((yield* ground.post(path, senders.gitlab(push, secret), push)).status, 202)
      assert.strictEqual(yield* ground.hinted, "mirror.example.com/acme/shop")
      yield* nothingElse(ground)
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
      const ground = yield* open({ hint: () => Effect.die("no luck") })
      yield* follow(ground, shop, { token: secret })
      assert.strictEqual((yield* ground.post("/hooks/gitlab", senders.gitlab(push, secret, "a"), push)).status, 202)
      assert.strictEqual((yield* ground.post("/hooks/gitlab", senders.gitlab(push, secret, "b"), push)).status, 202)
      assert.isTrue(ground.logs.some((line) => line.includes("a webhook's hint crashed")))
    }))

  it.live("answers before the hint is done", () =>
    Effect.gen(function*() {
      const ground = yield* open({ hint: () => Effect.never })
      yield* follow(ground, shop, { token: secret })
      assert.strictEqual((yield* ground.post("/hooks/gitlab", senders.gitlab(push, secret), push)).status, 202)
    }))

  it.live("counts by provider and answer, and by nothing that a sender chooses", () =>
    Effect.gen(function*() {
      const ground = yield* open()
      yield* follow(ground, shop, { token: secret })
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

describe("Hooks", () => {
  it.live("are let in by the newest registration of a Delivery", () =>
    Effect.gen(function*() {
      const ground = yield* open()
      const attempt = (token: string) =>
        Effect.map(
          ground.post("/hooks/gitlab", senders.gitlab(push, token, Math.random().toString()), push),
          ({ status }) => status
        )
      const [first, second] = [yield* Scope.make(), yield* Scope.make()]
      yield* Scope.provide(follow(ground, shop, { token: "first-secret" }), first)
      assert.strictEqual(yield* attempt("first-secret"), 202)
      yield* Scope.provide(follow(ground, shop, { token: "second-secret" }), second)
      assert.deepStrictEqual([yield* attempt("first-secret"), yield* attempt("second-secret")], [401, 202])
      yield* Scope.close(first, Exit.void)
      assert.strictEqual(yield* attempt("second-secret"), 202)
    }))

  it.live("try a Secret once, however many Deliveries share it", () =>
    Effect.gen(function*() {
      const { hooks, ...ground } = yield* open()
      for (let index = 0; index < 100; index++) {
        yield* follow({ ...ground, hooks }, shop, { token: secret }, `d${index}`)
      }
      const followers = hooks.followers([shop])
      assert.strictEqual(followers.length, 4)
      assert.strictEqual(followers.filter(({ repositories }) => repositories.size > 0).length, 1)
      assert.strictEqual(hooks.followers(["gitlab.example.com/nobody/x"]).length, 4)
      assert.strictEqual(hooks.follower("no", "body").length, 4)
    }))

  it.live("let no namespace crowd out another, and have a bound", () =>
    Effect.gen(function*() {
      const { hooks, ...ground } = yield* open()
      for (let index = 0; index < 100; index++) {
        yield* follow({ ...ground, hooks }, shop, { token: `mallory-${index}` }, `d${index}`, "mallory")
      }
      yield* follow({ ...ground, hooks }, shop, { token: secret })
      assert.strictEqual(hooks.followers([shop]).length, 5)
      for (let index = 0; index < 100; index++) {
        yield* follow({ ...ground, hooks }, shop, { token: `other-${index}` }, "d", `n${index}`)
      }
      assert.strictEqual(hooks.followers([shop]).length, 32)
      const status = yield* ground.post("/hooks/gitlab", senders.gitlab(push, secret), push)
      assert.strictEqual(status.status, 202)
    }))
})
