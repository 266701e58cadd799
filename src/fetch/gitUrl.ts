import * as Result from "effect/Result"
import { InvalidSpec } from "../domain/StageError.ts"
import { isLinkLocal } from "./git/lookUpHost.ts"

const refuse = (detail: string, hint?: string) =>
  Result.fail(new InvalidSpec({ detail: `source.git.url: ${detail}`, ...hint === undefined ? {} : { hint } }))

/**
 * The one spelling of a repository's address, checked: http or https, no credentials in it, nothing that a program could
 * take for an option. Refusals do not repeat the address: it may hold a password.
 */
export const parseGitUrl = (text: string): Result.Result<string, InvalidSpec> => {
  if (text === "" || text.length > 2_048) return refuse("has to be an address of at most 2048 characters")
  if (/[\u0000-\u0020\u007f\\]/u.test(text)) return refuse("has white space, a backslash or a control character in it")
  if (text.startsWith("-")) return refuse("begins with -")
  if (/^[a-z0-9+.-]+::/iu.test(text)) return refuse("names a transport helper (::); only https and http are allowed")
  const url = URL.parse(text)
  if (url?.protocol === "ssh:" || (!text.includes("://") && /^(?:[^@/]+@)?[^@/:]+:[^/]/u.test(text))) {
    return refuse("SSH is not supported yet", "Use the https address, with username and password or bearerToken.")
  }
  if (url === null) return refuse("is not an address")
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    return refuse(`${url.protocol.slice(0, 20)} is not allowed; only https and http are`)
  }
  if (url.username !== "" || url.password !== "") {
    return refuse(
      "holds credentials",
      "Put them as username and password into a Secret, and name it in source.git.secretRef."
    )
  }
  if (url.search !== "" || url.hash !== "") return refuse("has a query or a fragment")
  if (isLinkLocal(url.hostname.replace(/^\[(.*)\]$/u, "$1"))) return refuse("leads to a link-local address")
  const path = url.pathname.replace(/\/+$/u, "")
  if (path === "") return refuse("names a host and no repository")
  return Result.succeed(`${url.protocol}//${url.host}${path}`)
}
