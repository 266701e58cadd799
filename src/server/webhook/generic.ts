import { headerOf, isNoCommit, type Provider, repositories } from "./Provider.ts"
import { signsBody, signsStandardly } from "./signature.ts"

/**
 * `{"repository": "https://…", "ref": "refs/heads/main", "revision": "…"}` from whatever can sign: by Standard Webhooks,
 * or with `X-Signature: sha256=<hex>` as Flux's generic-hmac receiver takes it.
 */
export const generic: Provider = {
  credentials: ["webhook-signature", "x-signature"],
  authenticate: (headers, body, keys, now) => {
    const standardly = [keys.token, keys.signingToken].filter((key) => signsStandardly(headers, body, key, now))
    return signsBody(headerOf(headers, "x-signature"), "sha256=", body, keys) || standardly.length > 0
  },
  repositoriesOf: (body) => repositories([body["repository"]]),
  isPush: (_, body) => !isNoCommit(body["revision"]),
  idOf: (headers) => headerOf(headers, "webhook-id")
}
