import { normalizedRepository, withoutCredentials } from "../domain/repositoryAddress.ts"

const providers: ReadonlyArray<readonly [RegExp, string]> = [
  [/gitlab/u, "gitlab"],
  [/github/u, "github"],
  [/gitea|forgejo|codeberg/u, "gitea"],
  [/^bitbucket\.org$/u, "bitbucket"]
]

/**
 * A repository in the words of OpenTelemetry's semantic conventions (`vcs.*`): its address without credentials, its name
 * and whose it is, and what serves it where the host's name tells.
 */
export const repositoryAttributes = (url: string): Readonly<Record<string, string>> => {
  const [host = "", ...path] = (normalizedRepository(url) ?? "").split("/")
  const provider = providers.find(([name]) => name.test(host))?.[1]
  return {
    "vcs.repository.url.full": withoutCredentials(url),
    ...path.length === 0 ? {} : { "vcs.repository.name": path.at(-1)! },
    ...path.length < 2 ? {} : { "vcs.owner.name": path.slice(0, -1).join("/") },
    ...provider === undefined ? {} : { "vcs.provider.name": provider }
  }
}
