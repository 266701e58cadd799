import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { GitSource } from "../api/v1alpha1/Delivery.ts"
import { Redactions } from "../domain/redact.ts"
import { AccessDenied, type FetchError, FetchFailed, InvalidSpec, type KubeFailure } from "../domain/StageError.ts"
import { Secrets } from "../kube/Secrets.ts"
import type { Remote } from "./git/calls.ts"

export type Credentials = Omit<Remote, "url" | "key">

const secretFailure = (name: string, failure: KubeFailure): FetchError =>
  failure.status === 403
    ? new AccessDenied({ detail: `Secret ${JSON.stringify(name)} cannot be read: ${failure.message}` })
    : new FetchFailed({ detail: `Secret ${JSON.stringify(name)} cannot be read: ${failure.message}` })

/**
 * What the Secret of a source says, under Flux's keys: `username`, `password`, `bearerToken`, `ca.crt`. Nothing of it is
 * sent over plain http unless the source says `insecure`.
 */
export const credentialsOf = Effect.fnUntraced(function*(
  source: Pick<GitSource, "secretRef" | "insecure">,
  url: string
): Effect.fn.Return<Credentials, FetchError, Secrets> {
  if (source.secretRef === undefined) return {}
  const { name } = source.secretRef
  const secrets = yield* Secrets
  const data = yield* Effect.mapError(secrets.get(name), (failure) => secretFailure(name, failure))
  const spec = (detail: string, hint?: string) =>
    new InvalidSpec({ detail: `source.git.secretRef: ${detail}`, ...hint === undefined ? {} : { hint } })
  if (data === undefined) return yield* spec(`there is no Secret ${JSON.stringify(name)}`)

  const value = (key: string) => {
    const found = data[key]
    return found === undefined ? undefined : Redacted.value(found)
  }
  const line = (key: string) => value(key)?.replace(/\r?\n$/u, "")
  const [username, password, bearerToken] = [line("username"), line("password"), line("bearerToken")]
  const certificateAuthority = value("ca.crt") ?? value("caFile")
  const isEmpty = [username, password, bearerToken, certificateAuthority].every((part) => part === undefined)
  if (isEmpty) {
    return yield* value("identity") === undefined
      ? spec(`Secret ${JSON.stringify(name)} has none of username, password, bearerToken, ca.crt`)
      : spec(`Secret ${JSON.stringify(name)} holds an SSH key, and SSH is not supported yet`)
  }
  if ([username, password, bearerToken].some((part) => part !== undefined && /[\u0000-\u001f\u007f]/u.test(part))) {
    return yield* spec(`Secret ${JSON.stringify(name)} has a control character in a credential`)
  }
  if (username?.includes(":") === true) {
    return yield* spec(`Secret ${JSON.stringify(name)}: a username must not contain a colon`)
  }
  const redactions = yield* Redactions
  // Servers and proxies repeat what they were sent, the header included.
  for (const secret of [password, bearerToken, `${username ?? ""}:${password ?? ""}`]) {
    if (secret !== undefined) redactions.add(secret)
  }
  const hasCredential = username !== undefined || password !== undefined || bearerToken !== undefined
  if (hasCredential && url.startsWith("http:") && !source.insecure) {
    return yield* spec(
      "credentials are not sent over plain http",
      "Use https, or set source.git.insecure: true if everybody on the way may read them."
    )
  }
  return {
    ...username === undefined ? {} : { username },
    ...password === undefined ? {} : { password },
    ...bearerToken === undefined ? {} : { bearerToken },
    ...certificateAuthority === undefined ? {} : { certificateAuthority }
  }
})
