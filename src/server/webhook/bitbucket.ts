import { at, type Json, type JsonObject } from "../../domain/Json.ts"
import { firstHeader, headerOf, isNoCommit, type Provider, repositories } from "./Provider.ts"
import { signsBody } from "./signature.ts"

const items = (value: Json | undefined): ReadonlyArray<Json> => Array.isArray(value) ? value : []

/** Cloud has them below `push`, Data Center at the top. */
const changesOf = (
  body: JsonObject
): ReadonlyArray<Json> => [...items(at(body, "push", "changes")), ...items(body["changes"])]

const isDeletion = (change: Json): boolean => at(change, "new") === null || isNoCommit(at(change, "toHash"))

/** https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks and Bitbucket Data Center's event payload. */
export const bitbucket: Provider = {
  credentials: ["x-hub-signature"],
  authenticate: (headers, body, keys) => signsBody(headerOf(headers, "x-hub-signature"), "sha256=", body, keys),
  repositoriesOf: (body) =>
    repositories([
      at(body, "repository", "links", "html", "href"),
      ...items(at(body, "repository", "links", "clone")).slice(0, 8).map((link) => at(link, "href"))
    ]),
  isPush: (headers, body) => {
    const changes = changesOf(body)
    return ["repo:push", "repo:refs_changed", "mirror:repo_synchronized"].includes(
      headerOf(headers, "x-event-key") ?? ""
    ) &&
      (changes.length === 0 || !changes.every(isDeletion))
  },
  idOf: (headers) => firstHeader(headers, "x-request-uuid", "x-request-id")
}
