import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

const encode = (value: number, length: number): string => {
  let text = ""
  for (let rest = value; text.length < length; rest = Math.floor(rest / 32)) text = alphabet[rest % 32]! + text
  return text
}

/** A new ULID: ten characters of time, sixteen of chance; sorts by the millisecond it was made in. */
export const make: Effect.Effect<string> = Effect.gen(function*() {
  const now = yield* Clock.currentTimeMillis
  let chance = ""
  while (chance.length < 16) chance += encode(yield* Random.nextIntBetween(0, 32 ** 4), 4)
  return encode(now, 10) + chance
})
