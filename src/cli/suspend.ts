import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { userInfo } from "node:os"
import { GoDuration, milliseconds } from "../api/v1alpha1/Delivery.ts"
import { at } from "../domain/Json.ts"
import { InvalidSpec } from "../domain/StageError.ts"
import { type Given, textOf } from "./commandLine.ts"
import { patch, session } from "./resources.ts"
import { answeredInTime } from "./scope.ts"
import { selected } from "./selection.ts"
import { nameOf, type ShownDelivery } from "./ShownDelivery.ts"
import { steer, type Steered, warnOfGit } from "./steering.ts"
import { suspensionText } from "./suspensionText.ts"

const isDuration = Schema.is(GoDuration)
const rfc3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+-]\d{2}:\d{2})$/u

/** `2h` from now, or a time: RFC 3339, in the future. */
const untilOf = Effect.fnUntraced(function*(text: string | undefined) {
  if (text === undefined) return undefined
  const now = yield* Clock.currentTimeMillis
  const time = isDuration(text) ? now + milliseconds(text) : rfc3339.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(time)) {
    return yield* InvalidSpec.make({
      detail: `--until ${text} is no time`,
      hint: "Write how long, 2h, or when: 2026-12-31T18:00:00Z."
    })
  }
  if (time <= now) {
    return yield* InvalidSpec.make({ detail: `--until ${text} is over already`, hint: "Name a time to come." })
  }
  return DateTime.formatIso(DateTime.makeUnsafe(time)).replace(/\.\d+Z$/u, "Z")
})

/** Who suspends: as the cluster knows them, else as this machine does. */
const whoAmI = Effect.fnUntraced(function*() {
  const asker = yield* session
  const review = yield* Effect.option(asker.request({
    asked: { verb: "create", resource: "selfsubjectreviews.authentication.k8s.io" },
    method: "POST",
    path: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
    contentType: "application/json",
    body: JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" }),
    idempotent: true
  }))
  const name = review._tag === "Some" ? at(review.value, "status", "userInfo", "username") : undefined
  if (typeof name === "string" && name !== "") return name
  return yield* Effect.orElseSucceed(Effect.try(() => userInfo().username), () => "somebody")
})

const said = (text: string): string => text === "" ? "" : ` ${text}`

/** Sets `spec.suspend`, and who, why and until when. Of what is suspended already, only what is given is changed. */
export const suspend = Effect.fn("suspend")(function*(given: Given) {
  const until = yield* untilOf(textOf(given, "until"))
  const [reason, by] = [textOf(given, "reason"), textOf(given, "by")]
  const all = yield* answeredInTime(given, selected(given))
  const isNothingNew = reason === undefined && by === undefined && until === undefined
  const person = by ??
    (all.some(({ isSuspended }) => !isSuspended) ? yield* answeredInTime(given, whoAmI()) : undefined)
  return yield* steer(given, all, (delivery) => one(delivery, { reason, by: person, until, isNothingNew }))
})

interface Wish {
  readonly reason: string | undefined
  readonly by: string | undefined
  readonly until: string | undefined
  readonly isNothingNew: boolean
}

const one = Effect.fnUntraced(function*(delivery: ShownDelivery, { by, isNothingNew, reason, until }: Wish) {
  const now = yield* Clock.currentTimeMillis
  const name = nameOf(delivery)
  if (delivery.isSuspended && isNothingNew) {
    const known: Steered = {
      text: `${name} is suspended already${said(suspensionText(delivery, now))}`,
      object: delivery.object
    }
    return known
  }
  yield* warnOfGit(delivery)
  const before = delivery.isSuspended ? delivery.suspension : {}
  const suspension = { reason: reason ?? before.reason, by: by ?? before.by, until: until ?? before.until }
  const object = yield* patch(delivery.namespace, delivery.name, {
    spec: {
      suspend: true,
      // A merge patch removes what is null: nothing of an earlier suspension is left.
      suspension: Object.fromEntries(Object.entries(suspension).map(([field, value]) => [field, value ?? null]))
    }
  })
  const present = Object.fromEntries(Object.entries(suspension).filter(([, value]) => value !== undefined))
  const steered: Steered = {
    text: `${name} is suspended${said(suspensionText({ suspension: present }, now))}`,
    object
  }
  return steered
})
