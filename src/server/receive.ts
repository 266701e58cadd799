import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import { isJsonObject, type JsonObject } from "../domain/Json.ts"
import { count } from "../telemetry/Meter.ts"
import { webhookRequests } from "../telemetry/metrics.ts"
import { Hooks } from "./Hooks.ts"
import type { Limits } from "./limits.ts"
import type { Answer, Request } from "./listen.ts"
import { Rates } from "./Rates.ts"
import type { Relay } from "./relay.ts"
import { Replays } from "./Replays.ts"
import { TokenBuckets } from "./TokenBuckets.ts"
import { headerOf, type Headers, type Provider } from "./webhook/Provider.ts"
import { providers } from "./webhook/providers.ts"

const answers = {
  accepted: { status: 202, text: "accepted\n" },
  noObject: { status: 400, text: "the body is no JSON object\n" },
  refused: { status: 401, text: "no valid signature for a repository that is followed here\n" },
  unknown: { status: 404, text: "not found\n" },
  notPosted: { status: 405, text: "only POST\n", headers: { allow: "POST" } },
  tooLarge: { status: 413, text: "the body is larger than 1 MiB\n" },
  busy: { status: 503, text: "busy\n", headers: { "retry-after": "1" } },
  undecided: {
    status: 503,
    text: "no valid signature for what is followed here, and not every other replica has answered: send it again\n",
    headers: { "retry-after": "5" }
  }
} satisfies Record<string, Answer>

/** `/hooks/gitlab` for the whole installation, `/hooks/gitlab/shop/checkout` for one Delivery. */
const path = /^\/hooks\/([a-z]+)(?:\/([a-z0-9-]{1,63})\/([a-z0-9.-]{1,253}))?\/?$/u

const utf8 = new TextDecoder("utf-8", { fatal: true })

/** The payload; GitHub and Gitea may be told to send it as a form. */
const payloadOf = (headers: Headers, body: Uint8Array): JsonObject | undefined => {
  const parsed = Result.try((): unknown => {
    const text = utf8.decode(body)
    const isForm = headerOf(headers, "content-type")?.startsWith("application/x-www-form-urlencoded") === true
    return JSON.parse(isForm ? new URLSearchParams(text).get("payload") ?? "" : text)
  })
  return Result.isSuccess(parsed) && isJsonObject(parsed.success) ? parsed.success : undefined
}

/** The part of an id that may be told: what looks like an id, and nothing else that a sender could put there. */
const shown = (id: string | undefined): string | undefined => /^[\w.:{}-]{1,64}(?= |$)/u.exec(id ?? "")?.[0]

const annotated = (source: string, id: string | undefined) =>
  Effect.annotateLogs({ source, ...shown(id) === undefined ? {} : { id: shown(id) } })

/**
 * Takes in hooks. What a hook says is only a hint: it never chooses what is deployed, and the most that it causes is one
 * more listing of a repository that the holder of that secret follows. A request is refused as early as possible, and the
 * same way whether its signature is wrong or nobody follows its repository. Nobody is told that a hook is wrong while a
 * replica that may know better has not been heard.
 */
export const makeReceive = Effect.fnUntraced(function*(
  limits: Limits,
  hint: (repository: string) => Effect.Effect<number>,
  relay: Relay
) {
  const hooks = yield* Hooks
  const scope = yield* Scope.Scope
  const replays = new Replays()
  const rates = new Rates(limits, relay.sender)
  // Whoever is refused shall not fill the log.
  const toldRefusals = new TokenBuckets({ capacity: 20, perSecond: 1, most: 1 })

  const spread = (repository: string) =>
    hint(repository).pipe(
      Effect.catchCause((cause) => Effect.logError("a webhook's hint crashed", cause)),
      Effect.forkIn(scope)
    )

  const refuse = Effect.fnUntraced(function*(why: string, source: string, id?: string) {
    const isTold = toldRefusals.take("", yield* Clock.currentTimeMillis) === 0
    yield* (isTold ? Effect.logWarning : Effect.logDebug)(`webhook refused: ${why}`).pipe(annotated(source, id))
    return answers.refused
  })

  /** `whom`: the Delivery at whose own address a hook came in. */
  const judge = Effect.fnUntraced(function*(
    request: Request,
    body: Uint8Array,
    source: string,
    provider: Provider,
    whom: { readonly namespace: string; readonly name: string } | undefined
  ) {
    const { headers } = request
    const now = yield* Clock.currentTimeMillis
    // To parse and to hash a mebibyte takes milliseconds, with every secret that may have signed it.
    rates.charge(request, Math.floor(body.length / limits.bodyOfOneHook), now)
    const payload = payloadOf(headers, body)
    if (payload === undefined) return answers.noObject

    const repositories = provider.repositoriesOf(payload)
    const followers = whom === undefined ? hooks.followers(repositories) : hooks.follower(whom.namespace, whom.name)
    const known = yield* Effect.filter(
      followers,
      ({ keys }) => Effect.as(Effect.yieldNow, provider.authenticate(headers, body, keys, now))
    )
    const id = provider.idOf(headers, payload)?.slice(0, 256)
    if (known.length === 0) return yield* refuse("no secret of who follows its repository signed it", source, id)

    // Beyond this line the sender holds a secret of these repositories.
    const meant = whom === undefined && repositories.length === 0
      ? []
      : [...known.reduce((all, one) => all.union(one.repositories), new Set<string>())]
    const log = (outcome: string) => Effect.logInfo(`webhook ${outcome}`).pipe(annotated(source, id))
    if (meant.length === 0 || !provider.isPush(headers, payload)) {
      yield* log("ignored: nothing was pushed")
    } else if (id !== undefined && !replays.isNew([source, whom?.namespace, whom?.name, ...meant, id].join(" "), now)) {
      yield* log("ignored: it came before")
    } else {
      yield* log(`accepted: ${meant.join(" ")}`)
      yield* Effect.forEach(meant, spread, { discard: true })
    }
    return answers.accepted
  })

  const answerTo = Effect.fnUntraced(function*(request: Request) {
    const [, source = "", namespace, name] = path.exec(request.path) ?? []
    const provider = providers.get(source)
    if (provider === undefined) return { source: "unknown", answer: answers.unknown }
    const told = (answer: Answer) => ({ source, answer })
    if (request.method !== "POST") return told(answers.notPosted)
    const wait = rates.take(request, yield* Clock.currentTimeMillis)
    if (wait > 0) {
      return told({ status: 429, text: "too many requests\n", headers: { "retry-after": String(wait) } })
    }
    if (!provider.credentials.some((header) => headerOf(request.headers, header) !== undefined)) {
      return told(yield* refuse("it is not signed", source))
    }
    const body = yield* Effect.result(request.body)
    if (Result.isFailure(body)) return told(body.failure === "Busy" ? answers.busy : answers.tooLarge)
    // Who else follows it is known elsewhere: the others are told, whatever this replica makes of it.
    const relayed = yield* Effect.forkIn(relay.hand(request, body.success), scope, { startImmediately: true })
    const whom = namespace === undefined || name === undefined ? undefined : { namespace, name }
    // A sender that has said all and hangs up is heard.
    const own = yield* Effect.uninterruptible(judge(request, body.success, source, provider, whom))
    if (own !== answers.refused) return told(own)
    return told({ taken: answers.accepted, refused: own, unknown: answers.undecided }[yield* Fiber.join(relayed)])
  })

  return (request: Request): Effect.Effect<Answer> =>
    answerTo(request).pipe(
      Effect.tap(({ answer, source }) => count(webhookRequests, { source, code: String(answer.status) })),
      Effect.map(({ answer }) => answer)
    )
})
