import { createHmac } from "node:crypto"
import { readFileSync } from "node:fs"
import { join } from "node:path"

/** A payload as its sender writes it. */
export const fixture = (name: string): string =>
  readFileSync(join(import.meta.dirname, "..", "fixtures", "webhooks", `${name}.json`), "utf8")

/** GitLab's, for a push to the shop. */
export const push = fixture("gitlab-push")

export const secret = "a-secret-of-the-test"
export const signingToken = `whsec_${Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")}`

const hex = (secret: string, body: string) => createHmac("sha256", secret).update(body).digest("hex")

/** The headers that each sender sends with a body, signed with a secret. */
export const senders = {
  gitlab: (_: string, secret: string, id = "c0ffee00-0000-4000-8000-000000000001") => ({
    "content-type": "application/json",
    "user-agent": "GitLab/18.6.0",
    "x-gitlab-event": "Push Hook",
    "x-gitlab-webhook-uuid": "0ea1b41c-0b4e-4f0c-9f6a-4fb6ac1cd1a9",
    "x-gitlab-instance": "https://gitlab.example.com",
    "x-gitlab-event-uuid": "13792a34-cac6-4fda-95a8-c58e00a3954e",
    "idempotency-key": id,
    "x-gitlab-token": secret
  }),
  gitlabSigned: (body: string, secret: string, id = "c0ffee00-0000-4000-8000-000000000002", at = Date.now()) => {
    const timestamp = String(Math.floor(at / 1_000))
    const key = Buffer.from(secret.slice("whsec_".length), "base64")
    return {
      "content-type": "application/json",
      "x-gitlab-event": "Push Hook",
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      "webhook-signature": `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`
    }
  },
  github: (body: string, secret: string, id = "72d3162e-cc78-11e3-81ab-4c9367dc0958", event = "push") => ({
    "content-type": "application/json",
    "user-agent": "GitHub-Hookshot/044aadd",
    "x-github-event": event,
    "x-github-delivery": id,
    "x-hub-signature": `sha1=${createHmac("sha1", secret).update(body).digest("hex")}`,
    "x-hub-signature-256": `sha256=${hex(secret, body)}`
  }),
  gitea: (body: string, secret: string, id = "f6266f16-1bf3-46a5-9ea4-602e06ead473", event = "push") => ({
    "content-type": "application/json",
    "x-gitea-delivery": id,
    "x-gitea-event": event,
    "x-gitea-signature": hex(secret, body)
  }),
  forgejo: (body: string, secret: string, id = "f6266f16-1bf3-46a5-9ea4-602e06ead474", event = "push") => ({
    "content-type": "application/json",
    "x-forgejo-delivery": id,
    "x-forgejo-event": event,
    "x-forgejo-signature": hex(secret, body)
  }),
  bitbucket: (body: string, secret: string, id = "0f3a1e35-5d4b-4ae1-8a36-b8f1e9e7f7c1", event = "repo:push") => ({
    "content-type": "application/json",
    "x-event-key": event,
    "x-request-uuid": id,
    "x-hub-signature": `sha256=${hex(secret, body)}`
  }),
  generic: (body: string, secret: string) => ({ "x-signature": `sha256=${hex(secret, body)}` })
}
