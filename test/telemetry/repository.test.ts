import { assert, it } from "@effect/vitest"
import { repositoryAttributes } from "../../src/telemetry/repository.ts"

it("a repository is told in the words of OpenTelemetry, and never with its password", () => {
  const told = (url: string) => Object.values(repositoryAttributes(url))
  assert.deepStrictEqual(repositoryAttributes("https://me:s3cret@gitlab.example.com/shop/front/web.git"), {
    "vcs.repository.url.full": "https://gitlab.example.com/shop/front/web.git",
    "vcs.repository.name": "web",
    "vcs.owner.name": "shop/front",
    "vcs.provider.name": "gitlab"
  })
  assert.deepStrictEqual(told("https://git.example.com/web"), ["https://git.example.com/web", "web"])
  assert.deepStrictEqual(told("https://bitbucket.org/shop/web").slice(1), ["web", "shop", "bitbucket"])
  assert.deepStrictEqual(told("/srv/git/web"), ["/srv/git/web"])
})
