import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { follow, nothingElse, open, openShop, shop } from "./Ground.ts"
import { fixture, push, secret, senders, signingToken } from "./webhooks.ts"

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
      const ground = yield* openShop()
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
})
