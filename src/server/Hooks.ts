import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { createHash, randomBytes } from "node:crypto"
import { atClose } from "../domain/atClose.ts"
import { Redactions } from "../domain/redact.ts"
import { InvalidSpec } from "../domain/StageError.ts"
import type { Keys } from "./webhook/Provider.ts"

/** What a Delivery's webhook Secret holds: one of both, or both while one replaces the other. */
export interface HookSecrets {
  readonly token?: Redacted.Redacted<string>
  readonly signingToken?: Redacted.Redacted<string>
}

/** Who may hint what: a Delivery, the repository that it follows (normalised), and what its hooks are signed with. */
export interface Registration {
  readonly namespace: string
  readonly name: string
  readonly repository: string
  readonly secrets: HookSecrets
}

/** Secrets that authenticate, and what may be hinted with them. */
export interface Follower {
  readonly keys: Keys
  readonly repositories: ReadonlySet<string>
}

/** Matches nothing that anybody sends; stands where a Secret has no value. */
const nobody: Uint8Array = randomBytes(32)

/** Somebody who follows nothing: as much work for a repository that nobody follows as for others. */
const decoy: Follower = { keys: { token: nobody, signingToken: nobody }, repositories: new Set() }

/** How many secrets are tried: at least, so that nobody learns who follows what; at most, of one namespace and in all. */
const fewest = 4
const mostOfNamespace = 4
const most = 32

/** How long hooks of a Delivery are let in that is not followed any more: senders give up whom refuses them often. */
const grace = "10 seconds"

/** The bytes to sign with: `whsec_` is followed by base64, anything else is taken as it is. */
const signingKey = (text: string): Uint8Array =>
  text.startsWith("whsec_") ? Buffer.from(text.slice("whsec_".length), "base64") : Buffer.from(text)

const refuse = (detail: string, hint: string) =>
  Result.fail(new InvalidSpec({ detail: `source.webhook: ${detail}`, hint }))

/** The keys of a Secret's values, whose white space at the end is an editor's. */
export const keysOf = (secrets: HookSecrets): Result.Result<Keys, InvalidSpec> => {
  const [token, signingToken] = [secrets.token, secrets.signingToken].map((value) =>
    value === undefined ? "" : Redacted.value(value).trim()
  ) as [string, string]
  if (token === "" && signingToken === "") {
    return refuse(
      "the Secret has neither token nor signingToken",
      "There is no way to accept hooks that nobody signed."
    )
  }
  const signing = signingKey(signingToken)
  if (signingToken.startsWith("whsec_") && signing.length < 16) {
    return refuse("signingToken is no key", "It is whsec_ and the base64 of 32 bytes, as GitLab shows it once.")
  }
  return Result.succeed({
    token: token === "" ? nobody : Buffer.from(token),
    signingToken: signingToken === "" ? nobody : signing
  })
}

interface Entry extends Omit<Registration, "secrets"> {
  readonly keys: Keys
  /** The same for the same secrets: a hundred Deliveries with one Secret are one try. */
  readonly print: string
}

const printOf = ({ signingToken, token }: Keys): string =>
  createHash("sha256").update(`${token.length}:`).update(token).update(signingToken).digest("base64")

/** One follower for each set of secrets, no namespace crowding out others, filled up with decoys. */
const followersOf = (entries: Iterable<Entry>): ReadonlyArray<Follower> => {
  const found = new Map<string, { readonly keys: Keys; readonly repositories: Set<string> }>()
  const namespaces = new Map<string, number>()
  for (const { keys, namespace, print, repository } of entries) {
    const known = found.get(print)
    const count = namespaces.get(namespace) ?? 0
    if (known !== undefined) known.repositories.add(repository)
    else if (count < mostOfNamespace && found.size < most) {
      found.set(print, { keys, repositories: new Set([repository]) })
      namespaces.set(namespace, count + 1)
    }
  }
  return [...found.values(), ...Array.from({ length: Math.max(0, fewest - found.size) }, () => decoy)]
}

/** Who may hint what. No request to the cluster is ever made because of a hook: all that is asked is known before. */
export class Hooks extends Context.Service<Hooks, {
  /**
   * Lets hooks in for one Delivery until ten seconds after the scope closes: one that begins anew refuses none meanwhile.
   * A newer registration of the same Delivery takes its place.
   */
  readonly register: (registration: Registration) => Effect.Effect<void, InvalidSpec, Scope.Scope>
  /** Whose secrets are tried for a payload that names these repositories; for one that names none, everybody's. */
  readonly followers: (repositories: ReadonlyArray<string>) => ReadonlyArray<Follower>
  /** The same for one Delivery. */
  readonly follower: (namespace: string, name: string) => ReadonlyArray<Follower>
}>()("sluice/server/Hooks") {
  static readonly layer = Layer.effect(
    this,
    Effect.gen(function*() {
      const [redactions, scope] = [yield* Redactions, yield* Effect.scope]
      const deliveries = new Map<string, Entry>()
      const byRepository = new Map<string, Set<Entry>>()

      const remove = (key: string, entry: Entry): void => {
        if (deliveries.get(key) === entry) deliveries.delete(key)
        const others = byRepository.get(entry.repository)
        others?.delete(entry)
        if (others?.size === 0) byRepository.delete(entry.repository)
      }

      const add = (key: string, entry: Entry): void => {
        const before = deliveries.get(key)
        if (before !== undefined) remove(key, before)
        deliveries.set(key, entry)
        byRepository.set(entry.repository, (byRepository.get(entry.repository) ?? new Set()).add(entry))
      }

      return Hooks.of({
        register: Effect.fnUntraced(function*({ name, namespace, repository, secrets }) {
          for (const secret of [secrets.token, secrets.signingToken]) {
            if (secret !== undefined) redactions.add(Redacted.value(secret).trim())
          }
          const keys = yield* Effect.fromResult(keysOf(secrets))
          const key = `${namespace}/${name}`
          const entry: Entry = { namespace, name, repository, keys, print: printOf(keys) }
          yield* atClose(Effect.forkIn(Effect.delay(Effect.sync(() => remove(key, entry)), grace), scope))
          add(key, entry)
        }),
        followers: (repositories) =>
          followersOf(
            repositories.length === 0
              ? deliveries.values()
              : repositories.flatMap((repository) => [...byRepository.get(repository) ?? []])
          ),
        follower: (namespace, name) => {
          const entry = deliveries.get(`${namespace}/${name}`)
          return followersOf(entry === undefined ? [] : [entry])
        }
      })
    })
  )
}
