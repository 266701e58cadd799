import { createHmac, timingSafeEqual } from "node:crypto"
import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { at, isJsonObject, type Json, type JsonObject } from "../../src/domain/Json.ts"
import { adaptiveCardProblems } from "./adaptiveCard.ts"
import { blockKitProblems } from "./blockKit.ts"

/** What the next request gets instead of an answer of its own. */
export type Failure =
  | {
    readonly status: number
    readonly retryAfter?: number | string
    readonly location?: string
    readonly body?: string
  }
  | { readonly slackError: string }
  | "hang"
  | "cut"

/** One request that was accepted. */
export interface Received {
  readonly kind: "slack-post" | "slack-update" | "slack-incoming" | "teams" | "webhook"
  readonly path: string
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly body: JsonObject
  /** The id that Sluice gave the message: the same when it comes again. */
  readonly id: string
  /** What a person reads first. */
  readonly text: string
}

export interface ChatServer {
  /** `http://127.0.0.1:<port>`; below it `/api` (Slack's), `/services/…`, `/workflows/…` and `/hooks/…`. */
  readonly url: string
  readonly messages: ReadonlyArray<Received>
  /** Every request, also those that were refused: the path and the status that it got. */
  readonly attempts: ReadonlyArray<{ readonly path: string; readonly status: number | "hang" | "cut" }>
  /** What the channel shows: updates replace what they update. */
  readonly board: ReadonlyMap<string, string>
  readonly failNext: (...failures: ReadonlyArray<Failure>) => void
  /** Resolves when so many messages were accepted, or so many requests came. */
  readonly received: (count: number) => Promise<void>
  readonly attempted: (count: number) => Promise<void>
  readonly stop: () => Promise<void>
}

export interface Options {
  /** What a bot has to send: `xoxb-test` unless given. */
  readonly token?: string
  /** Signs the events that `/hooks/…` takes. */
  readonly signingKey?: string
  readonly onMessage?: (message: Received) => void
}

interface Answer {
  readonly status: number
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly message?: Received
}

const json = (value: Json): Answer => ({
  status: 200,
  body: JSON.stringify(value),
  headers: { "content-type": "application/json" }
})

const readBody = async (request: IncomingMessage): Promise<string> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString("utf8")
}

const parse = (text: string): JsonObject | undefined => {
  try {
    const value = JSON.parse(text) as Json
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

const text = (value: Json | undefined): string => typeof value === "string" ? value : ""
const blockId = (body: JsonObject): string => text(at(body, "attachments", 0, "blocks", 0, "block_id"))

/** A chat on the loopback: Slack's two methods, an incoming webhook, a Teams workflow and a verifying webhook. */
export const startChatServer = async (options: Options = {}): Promise<ChatServer> => {
  const token = options.token ?? "xoxb-test"
  const messages: Array<Received> = []
  const attempts: Array<{ path: string; status: number | "hang" | "cut" }> = []
  const board = new Map<string, string>()
  const failures: Array<Failure> = []
  const waiting: Array<{ readonly done: () => boolean; readonly resolve: () => void }> = []
  let count = 0

  const wake = () => {
    for (let index = waiting.length - 1; index >= 0; index--) {
      if (waiting[index]!.done()) waiting.splice(index, 1)[0]!.resolve()
    }
  }
  const until = (done: () => boolean) =>
    done() ? Promise.resolve() : new Promise<void>((resolve) => waiting.push({ done, resolve }))

  const received = (
    request: IncomingMessage,
    kind: Received["kind"],
    body: JsonObject,
    id: string,
    said: string
  ): Received => ({ kind, path: request.url ?? "", headers: request.headers, body, id, text: said })

  const slack = (request: IncomingMessage, method: string, body: JsonObject | undefined): Answer => {
    if (request.headers.authorization !== `Bearer ${token}`) return json({ ok: false, error: "invalid_auth" })
    if (body === undefined) return json({ ok: false, error: "invalid_json" })
    const problems = blockKitProblems(body)
    if (problems.length > 0) {
      return json({ ok: false, error: "invalid_blocks", response_metadata: { messages: problems } })
    }
    const channel = text(body.channel)
    if (channel === "") return json({ ok: false, error: "channel_not_found" })
    if (method === "chat.update" && !board.has(text(body.ts))) return json({ ok: false, error: "message_not_found" })
    const ts = method === "chat.update" ? text(body.ts) : `1795392000.${String(++count).padStart(6, "0")}`
    const kind = method === "chat.update" ? "slack-update" : "slack-post"
    board.set(ts, text(body.text))
    return {
      ...json({ ok: true, channel, ts }),
      message: received(request, kind, body, blockId(body), text(body.text))
    }
  }

  const incoming = (request: IncomingMessage, body: JsonObject | undefined): Answer => {
    if (body === undefined) return { status: 400, body: "invalid_payload" }
    const problems = blockKitProblems(body)
    if (problems.length > 0) return { status: 400, body: `invalid_blocks: ${problems.join("; ")}` }
    return {
      status: 200,
      body: "ok",
      message: received(request, "slack-incoming", body, blockId(body), text(body.text))
    }
  }

  const teams = (request: IncomingMessage, body: JsonObject | undefined): Answer => {
    if (body === undefined) return { status: 400, body: "invalid body" }
    const problems = adaptiveCardProblems(body)
    if (problems.length > 0) return { status: 400, body: problems.join("; ") }
    const card = at(body, "attachments", 0, "content")
    return {
      status: 202,
      message: received(request, "teams", body, text(at(card, "body", 0, "id")), text(at(card, "fallbackText")))
    }
  }

  const webhook = (request: IncomingMessage, raw: string, body: JsonObject | undefined): Answer => {
    const header = (name: string) => String(request.headers[name] ?? "")
    if (options.signingKey !== undefined) {
      const signed = `${header("webhook-id")}.${header("webhook-timestamp")}.${raw}`
      const right = Buffer.from(`v1,${createHmac("sha256", options.signingKey).update(signed).digest("base64")}`)
      const given = Buffer.from(header("webhook-signature"))
      if (right.length !== given.length || !timingSafeEqual(right, given)) return { status: 401, body: "bad signature" }
    }
    if (body?.specversion !== "1.0" || body.id !== header("webhook-id")) return { status: 400, body: "no CloudEvent" }
    return { status: 204, message: received(request, "webhook", body, text(body.id), text(body.type)) }
  }

  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const raw = await readBody(request)
    const body = parse(raw)
    const path = (request.url ?? "").split("?", 1)[0]!
    if (request.method !== "POST") return { status: 405 }
    const method = /^\/api\/(chat\.(?:postMessage|update))$/u.exec(path)?.[1]
    if (method !== undefined) return slack(request, method, body)
    if (path.startsWith("/services/")) return incoming(request, body)
    if (path.startsWith("/workflows/")) return teams(request, body)
    if (path.startsWith("/hooks/")) return webhook(request, raw, body)
    return { status: 404 }
  }

  const scripted = (failure: Exclude<Failure, "hang" | "cut">): Answer =>
    "slackError" in failure ? json({ ok: false, error: failure.slackError }) : {
      status: failure.status,
      ...failure.body === undefined ? {} : { body: failure.body },
      headers: {
        ...failure.retryAfter === undefined ? {} : { "retry-after": String(failure.retryAfter) },
        ...failure.location === undefined ? {} : { location: failure.location }
      }
    }

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? ""
    const failure = failures.shift()
    if (failure === "hang" || failure === "cut") {
      attempts.push({ path, status: failure })
      if (failure === "cut") request.socket.destroy()
      return wake()
    }
    const { body, headers, message, status } = failure === undefined ? await answer(request) : scripted(failure)
    attempts.push({ path, status })
    if (message !== undefined) {
      messages.push(message)
      options.onMessage?.(message)
    }
    response.writeHead(status, headers ?? {}).end(body ?? "")
    wake()
  }

  const server = createServer((request, response) => void serve(request, response))
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    messages,
    attempts,
    board,
    failNext: (...next) => void failures.push(...next),
    received: (wanted) => until(() => messages.length >= wanted),
    attempted: (wanted) => until(() => attempts.length >= wanted),
    stop: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, "close")
    }
  }
}
