import { at } from "../../domain/Json.ts"
import { firstHeader, headerOf, isNoCommit, type Provider, repositories, textOf } from "./Provider.ts"
import { isSecret, signsStandardly } from "./signature.ts"

/** `repository_update` is what an instance's own hook sends once for a push of many branches. */
const pushes = new Set<unknown>(["push", "tag_push", "repository_update"])

/**
 * https://docs.gitlab.com/user/project/integrations/webhooks. Signed from 19.0 on; what is accepted is decided by what
 * the Secret holds, never by what a request carries, so that a removed signature helps nobody.
 */
export const gitlab: Provider = {
  credentials: ["webhook-signature", "x-gitlab-token"],
  authenticate: (headers, body, keys, now) => {
    const isSigned = signsStandardly(headers, body, keys.signingToken, now)
    return isSecret(headerOf(headers, "x-gitlab-token"), keys.token) || isSigned
  },
  repositoriesOf: (body) =>
    repositories([
      ...["git_http_url", "git_ssh_url", "web_url", "http_url", "ssh_url"].map((name) => at(body, "project", name)),
      ...["git_http_url", "git_ssh_url", "homepage", "url"].map((name) => at(body, "repository", name))
    ]),
  isPush: (_, body) =>
    (pushes.has(body["object_kind"]) || pushes.has(body["event_name"])) && !isNoCommit(body["after"]),
  idOf: (headers, body) => {
    const id = firstHeader(headers, "webhook-id", "idempotency-key")
    const event = headerOf(headers, "x-gitlab-event-uuid")
    // Before 17.4 there is only the event's id, which all hooks of one event share.
    return id ?? (event === undefined ? undefined : [event, textOf(body["ref"]), textOf(body["after"])].join(" "))
  }
}
