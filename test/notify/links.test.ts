import { assert, describe, it } from "@effect/vitest"
import { commitUrl, fileUrl, place } from "../../src/notify/links.ts"
import { hash } from "./outcomes.ts"

const origin = { file: "environments/prod/check out.yaml", line: 23 }

const pages: ReadonlyArray<readonly [string, string, string]> = [
  [
    "https://gitlab.example.com/acme/shop.git",
    `https://gitlab.example.com/acme/shop/-/commit/${hash}`,
    `https://gitlab.example.com/acme/shop/-/blob/${hash}/environments/prod/check%20out.yaml#L23`
  ],
  [
    "git@gitlab.com:acme/sub/shop.git",
    `https://gitlab.com/acme/sub/shop/-/commit/${hash}`,
    `https://gitlab.com/acme/sub/shop/-/blob/${hash}/environments/prod/check%20out.yaml#L23`
  ],
  [
    "ssh://git@github.com:22/acme/shop",
    `https://github.com/acme/shop/commit/${hash}`,
    `https://github.com/acme/shop/blob/${hash}/environments/prod/check%20out.yaml#L23`
  ],
  [
    "http://gitea.local:3000/acme/shop.git",
    `http://gitea.local:3000/acme/shop/commit/${hash}`,
    `http://gitea.local:3000/acme/shop/src/commit/${hash}/environments/prod/check%20out.yaml#L23`
  ],
  [
    "https://bitbucket.org/acme/shop",
    `https://bitbucket.org/acme/shop/commits/${hash}`,
    `https://bitbucket.org/acme/shop/src/${hash}/environments/prod/check%20out.yaml#lines-23`
  ]
]

describe("links", () => {
  for (const [source, commit, file] of pages) {
    it(`leads from ${source} to its pages`, () => {
      assert.strictEqual(commitUrl(source, hash), commit)
      assert.strictEqual(fileUrl(source, hash, origin), file)
    })
  }

  it("gives the place as text where the host is not known", () => {
    assert.deepStrictEqual(place("http://127.0.0.1:4000/shop.git", hash, origin), {
      text: "environments/prod/check out.yaml:23",
      url: undefined
    })
  })

  it("makes no link of what is no web or ssh address", () => {
    for (const source of ["javascript:alert(1)//gitlab", "file:///gitlab/x", "ext::sh -c gitlab", "gitlab", ""]) {
      assert.isUndefined(commitUrl(source, hash), source)
    }
  })

  it("leaves credentials out", () => {
    const url = commitUrl("https://oauth2:s3cret-token@gitlab.example.com/acme/shop.git", hash)
    assert.notInclude(url!, "s3cret")
  })

  it("keeps a file name from changing the address", () => {
    const url = fileUrl("https://github.com/a/b", hash, { file: "x/?q#f/%2e%2e/<a|b>.yaml" })!
    assert.strictEqual(new URL(url).pathname.split("/").length, 9)
    assert.notMatch(url, /[<>|?#]/u)
  })
})
