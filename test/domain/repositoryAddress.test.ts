import { assert, describe, it } from "@effect/vitest"
import { normalizedRepository } from "../../src/domain/repositoryAddress.ts"

describe("normalizedRepository", () => {
  for (
    const address of [
      "https://gitlab.example.com/acme/shop.git",
      "https://gitlab.example.com/acme/shop",
      "https://gitlab.example.com/acme/shop/",
      "https://gitlab.example.com/acme/shop.git/",
      "https://GitLab.Example.com:443/Acme/Shop.git",
      "http://gitlab.example.com/acme/shop",
      "http://gitlab.example.com:80/acme//shop",
      "https://dana:secret@gitlab.example.com/acme/shop.git?x=1#y",
      "https://gitlab.example.com/acme/%73hop.git",
      "ssh://git@gitlab.example.com/acme/shop.git",
      "ssh://git@gitlab.example.com:2222/acme/shop.git",
      "git@gitlab.example.com:acme/shop.git",
      "gitlab.example.com:acme/shop",
      "git@gitlab.example.com:/acme/shop.git",
      "git://gitlab.example.com:9418/acme/shop.git"
    ]
  ) {
    it(`is the same for ${address}`, () => {
      assert.strictEqual(normalizedRepository(address), "gitlab.example.com/acme/shop")
    })
  }

  it("keeps apart what is not the same", () => {
    const spellings = [
      "https://gitlab.example.com/acme/shop",
      "https://gitlab.example.com/acme/shop2",
      "https://gitlab.example.com/acme/shop.git2",
      "https://gitlab.example.com/shop",
      "https://gitlab.example.com:8443/acme/shop",
      "https://gitlab.example.org/acme/shop",
      "https://gitlab.example.com/acme%2fshop",
      "https://gitlab.example.com/acme/shop/-/tree"
    ].map(normalizedRepository)
    assert.strictEqual(new Set(spellings).size, spellings.length)
  })

  it("knows hosts that are numbers, and letters that are not ASCII", () => {
    assert.strictEqual(normalizedRepository("https://[FD00::1]:8443/A"), "[fd00::1]:8443/a")
    assert.strictEqual(normalizedRepository("git@[fd00::1]:a.git"), "[fd00::1]/a")
    assert.strictEqual(
      normalizedRepository("git@bücher.example:Läden/shop.git"),
      normalizedRepository("https://xn--bcher-kva.example/L%C3%A4den/shop")
    )
  })

  for (
    const address of [
      "",
      "shop",
      "/srv/git/shop.git",
      "C:\\git\\shop",
      "file:///srv/git/shop.git",
      "https://",
      "https:///",
      "https://gitlab.example.com",
      "https://gitlab.example.com/",
      "https://gitlab.example.com/.git",
      "https://gitlab.example.com/acme/shop\n",
      "https://gitlab.example.com/acme shop",
      "ext::sh -c x",
      `https://gitlab.example.com/${"a".repeat(2_048)}`
    ]
  ) {
    it(`is nothing for ${JSON.stringify(address.slice(0, 60))}`, () => {
      assert.isUndefined(normalizedRepository(address))
    })
  }
})
