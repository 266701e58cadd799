import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { GitSource } from "../api/v1alpha1/Delivery.ts"
import { digest } from "../domain/digest.ts"
import { canonical } from "../domain/Json.ts"
import { oneLine } from "../domain/plainText.ts"
import { hintOf } from "../domain/StageError.ts"
import type { Fetch } from "../fetch/Fetch.ts"
import { parseGitUrl } from "../fetch/gitUrl.ts"
import * as clusterSecrets from "../kube/clusterSecrets.ts"
import { Identity } from "../kube/Identity.ts"
import type { KubeClient } from "../kube/KubeClient.ts"
import { Secrets } from "../kube/Secrets.ts"
import { type Examined, nameOf, some, type Source } from "./Examined.ts"
import { failed, type Finding, ok, warning } from "./Finding.ts"

const decode = Schema.decodeUnknownResult(GitSource)

interface Shared {
  readonly source: Source
  readonly users: ReadonlyArray<Examined>
}

/** Sources that would be asked the same, each once. */
const shared = (all: ReadonlyArray<Examined>): ReadonlyArray<Shared> => {
  const groups = new Map<string, { readonly source: Source; readonly users: Array<Examined> }>()
  for (const one of all) {
    if (one.source === undefined) continue
    const { git, secret } = one.source
    const key = digest(canonical(git), secret?.namespace ?? "", secret?.name ?? "")
    const known = groups.get(key)
    if (known === undefined) groups.set(key, { source: one.source, users: [one] })
    else known.users.push(one)
  }
  return [...groups.values()]
}

const sourceless = new Set(["FetchFailed", "AuthFailed", "AccessDenied", "InvalidSpec"])

/** Whether the agent, too, has trouble with what cannot be reached from here. */
const isTroubled = (users: ReadonlyArray<Examined>): boolean =>
  users.some(({ ready }) => ready === undefined || (ready.status !== "True" && sourceless.has(ready.reason)))

/** An address as it may be shown: one that is refused may hold a password. */
export const shownUrl = (url: string): string => Result.getOrElse(parseGitUrl(url), () => "an address that is refused")

/** So many sources are asked, so many at once. */
const most = 100
const atOnce = 8

/** One ref listing of each source, as the agent makes it; Secrets are read as whoever asks. */
export const sources = Effect.fnUntraced(function*(
  client: KubeClient["Service"],
  fetch: Fetch["Service"],
  all: ReadonlyArray<Examined>,
  timeout: number
) {
  const look = ({ source, users }: Shared): Effect.Effect<Finding> => {
    const who = `${shownUrl(source.url)} (${some(users.map(nameOf))})`
    const git = decode(source.git)
    if (Result.isFailure(git)) {
      return Effect.succeed(
        failed("git", `${who}: its spec cannot be read`, "sluice get and kubectl explain delivery.spec say more.")
      )
    }
    const secrets = clusterSecrets.make(client, Identity.Self(), source.secret?.namespace ?? "default", [])
    return fetch.head({ spec: { source: { git: git.success, interval: "1m" } } }).pipe(
      Effect.provideService(Secrets, secrets),
      Effect.map(({ hash, name }) => ok("git", `${who} answers: ${name} is at ${hash.slice(0, 8)}`)),
      Effect.catch((error) => {
        const told = oneLine(`${who}: ${error.message}`, 500)
        if (error._tag === "AccessDenied") {
          return Effect.succeed(
            warning("git", told, "It was not asked: ask as somebody who may read its Secret, with --context.")
          )
        }
        return Effect.succeed(
          isTroubled(users)
            ? failed("git", told, hintOf(error))
            : warning(
              "git",
              `${told}; the agent, though, has read it`,
              "It cannot be reached from here. That is well, if it shall not."
            )
        )
      }),
      Effect.timeoutOrElse({
        duration: timeout,
        orElse: () =>
          Effect.succeed(
            (isTroubled(users) ? failed : warning)(
              "git",
              `${who}: no answer within ${timeout / 1_000} s`,
              "Check the address, and the way to it: DNS, proxies, firewalls."
            )
          )
      })
    )
  }
  const groups = shared(all)
  if (groups.length === 0) return [ok("git", "no Delivery and no PolicyBundle has a repository")]
  const findings = yield* Effect.forEach(groups.slice(0, most), look, { concurrency: atOnce })
  return groups.length > most
    ? [...findings, ok("git", `${groups.length - most} more sources were not asked`)]
    : findings
})
