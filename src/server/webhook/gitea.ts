import { addressesOf } from "./github.ts"
import { firstHeader, headerOf, isNoCommit, type Provider } from "./Provider.ts"
import { signsBody } from "./signature.ts"

const signatures = ["x-gitea-signature", "x-forgejo-signature"]

/** https://docs.gitea.com/usage/webhooks and Forgejo, which kept its names beside new ones. */
export const gitea: Provider = {
  credentials: [...signatures, "x-hub-signature-256"],
  authenticate: (headers, body, keys) => {
    const bare = signsBody(firstHeader(headers, ...signatures), "", body, keys)
    return signsBody(headerOf(headers, "x-hub-signature-256"), "sha256=", body, keys) || bare
  },
  repositoriesOf: addressesOf,
  isPush: (headers, body) =>
    ["push", "create"].includes(firstHeader(headers, "x-gitea-event", "x-forgejo-event", "x-github-event") ?? "") &&
    !isNoCommit(body["after"]),
  idOf: (headers) => firstHeader(headers, "x-gitea-delivery", "x-forgejo-delivery", "x-github-delivery")
}
