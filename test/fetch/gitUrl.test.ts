import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { isRefName, wantedOf } from "../../src/fetch/gitRef.ts"
import { parseGitUrl } from "../../src/fetch/gitUrl.ts"

const parsed = (text: string) => {
  const result = parseGitUrl(text)
  return Result.isSuccess(result) ? result.success : `refused: ${result.failure.message} ${result.failure.hint ?? ""}`
}

describe("gitUrl", () => {
  it("spells an address in one way", () => {
    assert.strictEqual(
      parsed("HTTPS://GitLab.example.com:443/acme/shop.git/"),
      "https://gitlab.example.com/acme/shop.git"
    )
    assert.strictEqual(parsed("http://127.0.0.1:3000/a/../shop"), "http://127.0.0.1:3000/shop")
  })

  it("refuses everything but http and https to a repository", () => {
    const addresses = [
      "",
      "-",
      "--upload-pack=touch /tmp/x",
      "ext::sh -c id",
      "EXT::x",
      "file:///etc",
      "git://example.com/x",
      "/etc/passwd",
      "../x",
      "https://",
      "https://example.com",
      "https://example.com/",
      "https://example.com/a b",
      "https://example.com/a\n",
      "https://example.com/a\\b",
      "javascript:alert(1)",
      "https://example.com/x?y",
      "https://example.com/x#y",
      `https://example.com/${"x".repeat(2_048)}`,
      "http://169.254.169.254/latest",
      "http://[fe80::1]/x"
    ]
    for (const address of addresses) assert.match(parsed(address), /^refused/u, JSON.stringify(address))
    assert.match(parsed("git@example.com:acme/shop.git"), /SSH is not supported yet/u)
    assert.match(parsed("ssh://git@example.com/acme/shop.git"), /SSH is not supported yet/u)
  })

  it("refuses credentials in the address without repeating them", () => {
    for (
      const address of [
        "https://dana:s3cret@example.com/x",
        "https://s3cret@example.com/x",
        "https://a:s3cret@exa mple/x"
      ]
    ) {
      assert.match(parsed(address), /^refused/u)
      assert.notInclude(parsed(address), "s3cret")
    }
    assert.match(parsed("https://dana:s3cret@example.com/x"), /secretRef/u)
  })
})

describe("gitRef", () => {
  it("takes the names that git takes", () => {
    for (const name of ["main", "release/1.2", "feature/ümlaut", "v1.0", "a-b_c+d", "@a"]) {
      assert.isTrue(isRefName(name), name)
    }
    const names = [
      "",
      "-x",
      "--output=x",
      "a..b",
      "a b",
      "a~1",
      "a^",
      "a:b",
      "a?",
      "a*",
      "a[",
      "a\\b",
      "/a",
      "a/",
      "a//b",
      ".a",
      "a/.b",
      "a.lock",
      "a.lock/b",
      "a.",
      "@",
      "a@{1}",
      "a\nb",
      "\u0000",
      "x".repeat(256),
      "../x",
      "refs/heads/../../x"
    ]
    for (const name of names) assert.isFalse(isRefName(name), JSON.stringify(name))
  })

  it("prefers commit to tag to branch, and wants whole hashes", () => {
    const wanted = (source: Parameters<typeof wantedOf>[0]) => Result.getOrUndefined(wantedOf(source))
    const commit = "0123456789abcdef0123456789abcdef01234567"
    assert.deepStrictEqual(wanted({ branch: "main", tag: "v1", commit }), {
      kind: "commit",
      name: "main",
      hash: commit
    })
    assert.deepStrictEqual(wanted({ branch: "main", tag: "v1" }), { kind: "tag", name: "v1" })
    assert.deepStrictEqual(wanted({ branch: "main" }), { kind: "branch", name: "main" })
    assert.deepStrictEqual(wanted({}), { kind: "default", name: "" })
    for (const commit of ["abc", "-u", "G".repeat(40), "a".repeat(41)]) assert.isUndefined(wanted({ commit }), commit)
    assert.isUndefined(wanted({ branch: "-x" }))
    assert.isUndefined(wanted({ tag: "a..b" }))
  })
})
