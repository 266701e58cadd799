import type { Json, JsonObject } from "../../domain/Json.ts"
import { normalizedRepository } from "../../domain/repositoryAddress.ts"

/** The headers of a request, names in lower case. */
export type Headers = Readonly<Record<string, string | ReadonlyArray<string> | undefined>>

/** The value of a header that stands once. */
export const headerOf = (headers: Headers, name: string): string | undefined => {
  const value = headers[name]
  return typeof value === "string" && value !== "" ? value : undefined
}

/** What a Delivery's Secret holds, as bytes. What it lacks is random here: it never matches, and costs the same. */
export interface Keys {
  readonly token: Uint8Array
  readonly signingToken: Uint8Array
}

/** How one kind of sender is understood. Nothing here fails, whatever a body holds. */
export interface Provider {
  /** The headers that may authenticate; a request with none of them is refused unread. */
  readonly credentials: ReadonlyArray<string>
  /** Whether a request comes from who knows one of the secrets. `now` in milliseconds. */
  readonly authenticate: (headers: Headers, body: Uint8Array, keys: Keys, now: number) => boolean
  /** The repositories that a payload names, each in one spelling: one repository has several addresses. */
  readonly repositoriesOf: (body: JsonObject) => ReadonlyArray<string>
  /** Whether something was pushed that is still there. */
  readonly isPush: (headers: Headers, body: JsonObject) => boolean
  /** What is the same when a delivery is sent again. */
  readonly idOf: (headers: Headers, body: JsonObject) => string | undefined
}

/** At most 16 repositories, of whatever stands where addresses are expected. */
export const repositories = (addresses: ReadonlyArray<Json | undefined>): ReadonlyArray<string> =>
  [
    ...new Set(
      addresses.flatMap((address) => typeof address === "string" ? normalizedRepository(address) ?? [] : [])
    )
  ].slice(0, 16)

export const textOf = (value: Json | undefined): string | undefined => typeof value === "string" ? value : undefined

/** The first of these headers that says something. */
export const firstHeader = (headers: Headers, ...names: ReadonlyArray<string>): string | undefined =>
  names.map((name) => headerOf(headers, name)).find((value) => value !== undefined)

/** Whether a commit's name stands for no commit: the branch was deleted. */
export const isNoCommit = (value: Json | undefined): boolean => typeof value === "string" && /^0{40,64}$/u.test(value)
