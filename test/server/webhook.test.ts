import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { isJsonObject, type Json, type JsonObject } from "../../src/domain/Json.ts"
import { keysOf } from "../../src/server/Hooks.ts"
import { providers } from "../../src/server/webhook/providers.ts"
import { signsStandardly } from "../../src/server/webhook/signature.ts"
import { fixture, secret, senders, signingToken } from "./webhooks.ts"

const now = 1_795_680_000_000

const keys = (values: { token?: string; signingToken?: string }) =>
  Result.getOrThrow(keysOf({
    ...values.token === undefined ? {} : { token: Redacted.make(values.token) },
    ...values.signingToken === undefined ? {} : { signingToken: Redacted.make(values.signingToken) }
  }))

const cases = [
  ["gitlab", "gitlab-push", "gitlab.example.com/acme/shop", true],
  ["gitlab", "gitlab-tag-push", "gitlab.example.com/acme/shop", true],
  ["gitlab", "gitlab-branch-deleted", "gitlab.example.com/acme/shop", false],
  ["gitlab", "gitlab-merge-request", "gitlab.example.com/acme/shop", false],
  ["gitlab", "gitlab-system-repository-update", "gitlab.example.com/acme/shop", true],
  ["github", "github-push", "github.com/acme/shop", true],
  ["gitea", "gitea-push", "git.example.com/acme/shop", true],
  ["forgejo", "forgejo-push", "codeberg.example.org/acme/shop", true],
  ["bitbucket", "bitbucket-cloud-push", "bitbucket.org/acme/shop", true],
  ["bitbucket", "bitbucket-cloud-branch-deleted", "bitbucket.org/acme/shop", false],
  ["generic", "generic", "git.example.com/acme/shop", true]
] as const

const payload = (name: string) => JSON.parse(fixture(name)) as JsonObject

describe("payloads", () => {
  for (const [sender, name, repository, isPush] of cases) {
    it(`says what ${name} is about, and takes its signature and no other`, () => {
      const provider = providers.get(sender)!
      const text = fixture(name)
      const body = Buffer.from(text)
      const headers = senders[sender](text, secret)
      assert.deepStrictEqual(provider.repositoriesOf(payload(name)), [repository])
      assert.strictEqual(provider.isPush(headers, payload(name)), isPush)
      assert.isTrue(provider.authenticate(headers, body, keys({ token: secret }), now))
      assert.isFalse(provider.authenticate(headers, body, keys({ token: `${secret}x` }), now))
      assert.isFalse(provider.authenticate({}, body, keys({ token: secret }), now))
      if (sender !== "gitlab") {
        assert.isTrue(provider.authenticate(headers, body, keys({ token: "new", signingToken: secret }), now))
        assert.isFalse(provider.authenticate(headers, Buffer.from(`${text} `), keys({ token: secret }), now))
      }
    })
  }

  it("names every repository of Bitbucket Data Center, whose addresses differ by more than the scheme", () => {
    const provider = providers.get("bitbucket")!
    const body = payload("bitbucket-datacenter-push")
    assert.deepStrictEqual(provider.repositoriesOf(body), [
      "bitbucket.example.com/acme/shop",
      "bitbucket.example.com/scm/acme/shop"
    ])
    assert.isTrue(provider.isPush({ "x-event-key": "repo:refs_changed" }, body))
    assert.isFalse(provider.isPush({ "x-event-key": "pr:opened" }, body))
  })

  it("counts no deleted branch of GitHub and Gitea as a push", () => {
    const gone = { ...payload("github-push"), deleted: true }
    const zeros = { ...payload("gitea-push"), after: "0".repeat(64) }
    assert.isFalse(providers.get("github")!.isPush({ "x-github-event": "push" }, gone))
    assert.isFalse(providers.get("github")!.isPush({ "x-github-event": "ping" }, payload("github-ping")))
    assert.isFalse(providers.get("gitea")!.isPush({ "x-gitea-event": "push" }, zeros))
  })

  it("has one id for a delivery that comes again, and two for two pushes of one old GitLab's event", () => {
    const gitlab = providers.get("gitlab")!
    const old = { "x-gitlab-event-uuid": "13792a34" }
    assert.strictEqual(gitlab.idOf({ ...old, "idempotency-key": "b", "webhook-id": "a" }, {}), "a")
    assert.strictEqual(gitlab.idOf({ ...old, "idempotency-key": "b" }, {}), "b")
    assert.notStrictEqual(gitlab.idOf(old, { ref: "refs/heads/a" }), gitlab.idOf(old, { ref: "refs/heads/b" }))
    assert.isUndefined(gitlab.idOf({}, {}))
  })
})

describe("GitLab's signature", () => {
  const text = fixture("gitlab-push")
  const body = Buffer.from(text)
  const gitlab = providers.get("gitlab")!
  const signed = senders.gitlabSigned(text, signingToken, "id", now)
  const accepts = (headers: object, values: { token?: string; signingToken?: string }, at = now) =>
    gitlab.authenticate(headers as typeof signed, body, keys(values), at)

  it("is checked over id, time and body", () => {
    assert.isTrue(accepts(signed, { signingToken }))
    assert.isTrue(
      accepts({ ...signed, "webhook-signature": `v1a,xx v1,AAAA ${signed["webhook-signature"]}` }, { signingToken })
    )
    assert.isFalse(accepts({ ...signed, "webhook-id": "other" }, { signingToken }))
    assert.isFalse(accepts({ ...signed, "webhook-timestamp": String(now / 1_000 + 1) }, { signingToken }))
    assert.isFalse(accepts({ ...signed, "webhook-signature": signed["webhook-signature"].slice(3) }, { signingToken }))
    assert.isFalse(accepts({ ...signed, "webhook-signature": "v1," }, { signingToken }))
    assert.isFalse(gitlab.authenticate(signed, Buffer.from(`${text} `), keys({ signingToken }), now))
  })

  it("agrees with the example of the specification", () => {
    const headers = {
      "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
      "webhook-timestamp": "1614265330",
      "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    }
    const key = keys({ signingToken: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" }).signingToken
    assert.isTrue(signsStandardly(headers, Buffer.from(`{"test": 2432232314}`), key, 1_614_265_330_000))
  })

  it("is good for five minutes, either way", () => {
    assert.isTrue(accepts(signed, { signingToken }, now + 300_000))
    assert.isTrue(accepts(signed, { signingToken }, now - 300_000))
    assert.isFalse(accepts(signed, { signingToken }, now + 301_000))
    assert.isFalse(accepts(signed, { signingToken }, now - 301_000))
  })

  it("is asked for where only it is configured: whoever removes it has no other way in", () => {
    const { "webhook-signature": _, ...stripped } = signed
    for (const token of ["", signingToken, signingToken.slice(6), secret, "undefined"]) {
      assert.isFalse(accepts({ ...stripped, "x-gitlab-token": token }, { signingToken }))
    }
    assert.isFalse(accepts({ ...stripped }, { signingToken }))
  })

  it("is not asked for where only the token is configured, and either will do where both are", () => {
    const plain = senders.gitlab(text, secret)
    assert.isTrue(accepts({ ...signed, ...plain }, { token: secret }))
    assert.isFalse(accepts(signed, { token: secret }))
    assert.isTrue(accepts(signed, { token: secret, signingToken }))
    assert.isTrue(accepts(plain, { token: secret, signingToken }))
    assert.isFalse(accepts({ ...plain, "x-gitlab-token": signingToken }, { token: secret, signingToken }))
  })
})

describe("other signatures", () => {
  it("counts SHA-1 of GitHub for nothing", () => {
    const text = fixture("github-push")
    const { "x-hub-signature-256": _, ...old } = senders.github(text, secret)
    assert.isFalse(providers.get("github")!.authenticate(old, Buffer.from(text), keys({ token: secret }), now))
    const cut = { "x-hub-signature-256": senders.github(text, secret)["x-hub-signature-256"].slice(0, -2) }
    assert.isFalse(providers.get("github")!.authenticate(cut, Buffer.from(text), keys({ token: secret }), now))
    for (const signature of ["sha256=", "sha256=zz", "", "=", "sha256"]) {
      assert.isFalse(
        providers.get("github")!.authenticate(
          { "x-hub-signature-256": signature },
          Buffer.from(text),
          keys({ token: secret }),
          now
        )
      )
    }
  })

  it("takes Standard Webhooks from generic senders, with either secret", () => {
    const text = fixture("generic")
    const signed = senders.gitlabSigned(text, signingToken, "id", now)
    const generic = providers.get("generic")!
    assert.isTrue(generic.authenticate(signed, Buffer.from(text), keys({ signingToken }), now))
    assert.isFalse(generic.authenticate(signed, Buffer.from(text), keys({ signingToken }), now + 301_000))
    assert.isFalse(generic.authenticate(signed, Buffer.from(text), keys({ token: secret }), now))
  })
})

describe("keysOf", () => {
  it("refuses a Secret that would let everybody in", () => {
    for (
      const values of [{}, { token: "" }, { token: " \n" }, { signingToken: "whsec_" }, { signingToken: "whsec_AAAA" }]
    ) {
      assert.throws(() => keys(values))
    }
  })

  it("overlooks the line break that an editor leaves", () => {
    const text = fixture("github-push")
    const github = providers.get("github")!
    assert.isTrue(
      github.authenticate(senders.github(text, secret), Buffer.from(text), keys({ token: `${secret}\n` }), now)
    )
  })
})

describe("garbage", () => {
  // A small generator of its own: the same bodies in every run.
  const randomly = (seed: number) => () => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648
  const values: ReadonlyArray<Json> = [
    null,
    true,
    0,
    -1,
    1e308,
    "",
    "push",
    "0".repeat(40),
    "git@h:a",
    "https://h/a",
    [],
    {},
    [null],
    [[[]]],
    { href: 1 },
    "\u0000"
  ]
  const mutated = (value: Json, random: () => number): Json => {
    if (random() < 0.15) return values[Math.floor(random() * values.length)]!
    if (Array.isArray(value)) return value.map((item) => mutated(item, random))
    if (!isJsonObject(value)) return value
    return Object.fromEntries(
      Object.entries(value).filter(() => random() > 0.05).map(([key, inner]) => [key, mutated(inner, random)])
    )
  }

  for (
    const name of [
      ...cases.map(([, name]) => name),
      "bitbucket-datacenter-push",
      "bitbucket-datacenter-ping",
      "github-ping"
    ]
  ) {
    it(`is understood by nobody and crashes nobody: ${name}`, () => {
      const random = randomly(7)
      for (let round = 0; round < 300; round++) {
        const body = mutated(payload(name), random)
        if (!isJsonObject(body)) continue
        for (const provider of providers.values()) {
          const headers = { "x-github-event": "push", "x-gitea-event": "push", "x-event-key": "repo:push" }
          assert.isTrue(provider.repositoriesOf(body).every((one) => typeof one === "string"))
          assert.isBoolean(provider.isPush(headers, body))
          assert.include(["string", "undefined"], typeof provider.idOf({ "x-gitlab-event-uuid": "x" }, body))
        }
      }
    })
  }
})
