import { at, type JsonObject } from "../../domain/Json.ts"
import { headerOf, isNoCommit, type Provider, repositories } from "./Provider.ts"
import { signsBody } from "./signature.ts"

/** Where GitHub, and Gitea after it, say which repository it is. */
export const addressesOf = (body: JsonObject): ReadonlyArray<string> =>
  repositories(["clone_url", "ssh_url", "html_url", "git_url"].map((name) => at(body, "repository", name)))

/** https://docs.github.com/webhooks. The older signature by SHA-1 counts for nothing. */
export const github: Provider = {
  credentials: ["x-hub-signature-256"],
  authenticate: (headers, body, keys) => signsBody(headerOf(headers, "x-hub-signature-256"), "sha256=", body, keys),
  repositoriesOf: addressesOf,
  isPush: (headers, body) =>
    headerOf(headers, "x-github-event") === "push" && body["deleted"] !== true && !isNoCommit(body["after"]),
  idOf: (headers) => headerOf(headers, "x-github-delivery")
}
