import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { LimitError } from "../../../src/policy/builtins/Builtin.ts"
import { doIntersect } from "../../../src/policy/builtins/globIntersection.ts"
import { Base } from "../gate.ts"
import { differences } from "./oracle.ts"

const patterns = [
  "",
  "abcd",
  "....",
  "[a-d]*",
  "pq.s",
  ".*",
  "d*",
  "[abcd][abcd]",
  "d[a-z]+",
  "[a-p]+",
  "[p-z]+",
  "abcd[a-c]z+",
  "abcd[b-d][yz]*",
  ".*mamama",
  ".*dadada",
  "foo.*bar",
  "foobar",
  "a*a+b",
  "[ab]+c",
  "[bc]*",
  "\\*",
  "\\\\",
  "[a-",
  "[z-a]",
  "]",
  "*",
  "a\\",
  "ä+",
  "[0-9]+z"
]

layer(Base)("regular expressions", (it) => {
  it.effect("intersects globs as OPA's library does", () =>
    Effect.gen(function*() {
      const expressions = patterns.flatMap((a) =>
        patterns.map((b) => `regex.globs_match(${JSON.stringify(a)}, ${JSON.stringify(b)})`)
      )
      assert.deepStrictEqual(yield* differences(expressions), [])
    }), 30_000)

  it.effect("ends the evaluation where globs would take for ever to compare", () =>
    Effect.sync(() => {
      const letters = [..."abcdefghijklmnopqrstuvwxyz"]
      const a = letters.map((letter) => `${letter}*${letter.repeat(5)}`).join("")
      const b = letters.map((letter) => `${letter.repeat(5)}${letter}*`).join("")
      assert.throws(() => doIntersect(`${a}1.*`, `${b}2.*`), LimitError)
    }))
})
