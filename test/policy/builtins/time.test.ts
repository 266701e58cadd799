import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readJson } from "../../../src/policy/builtins/json.ts"
import { Base } from "../gate.ts"
import { differences } from "./oracle.ts"

const zones = Intl.supportedValuesOf("timeZone")

const moments = [
  "0",
  "1709251199123456789",
  "-1",
  "9223372036854775807",
  "1e18",
  "1.5",
  "[0, \"\"]",
  "[0, \"Local\"]",
  "[0, \"Nowhere/X\"]",
  "[1720000000000000000, \"Europe/Berlin\"]",
  "[0, \"UTC\", \"RFC1123\"]",
  "[1709251199123456789, \"Europe/Berlin\", \"Mon Jan _2 15:04:05.000 MST 2006\"]",
  "[1709251199123456789, \"Asia/Kolkata\", \"02/01/06 03:04PM Z07:00 -0700 .999999\"]",
  "[1709251199123456789, \"UTC\", \"2006-002 __2 Jan January Monday 1 2 3 4 5 pm\"]",
  "[1709251199000000000, \"UTC\", \"15:04:05.999 15:04:05,000\"]",
  "[-2000000000000000000, \"America/St_Johns\", \"RFC3339\"]"
]

const layouts = (
  "RFC3339 RFC3339Nano ANSIC UnixDate RFC822 RFC822Z RFC850 RFC1123 RFC1123Z RubyDate Kitchen 2006-01-02 2006-002 02.01.06 " +
  "3:04PM 15:04:05.000 2006-01-02T15:04:05Z07:00 20060102150405 2006-1-2"
).split(" ").concat(
  "Jan _2 2006",
  "Monday, January 2 2006",
  "2006-01-02 MST",
  "2006-01-02 -0700",
  "2006-01-02 15:04:05"
)

const texts = [
  "2024-02-29T23:59:59Z",
  "2024-02-29T23:59:59.123456789+05:30",
  "2023-02-29T00:00:00Z",
  "2024-02-29",
  "2024-2-9",
  "Feb 29 2024",
  "Feb  9 2024",
  "2024-060",
  "2024-366",
  "2023-366",
  "29.02.24",
  "29.02.70",
  "11:59PM",
  "12:00AM",
  "23:59:59.123",
  "20240229235959",
  "Thursday, February 29 2024",
  "Thu Feb 29 23:59:59 2024",
  "Thu, 29 Feb 2024 23:59:59 GMT",
  "29 Feb 24 23:59 MST",
  "2024-02-29 CET",
  "2024-02-29 +0130",
  "2024-02-29 23:59:60",
  "2024-02-29T24:00:00Z",
  "2262-04-11T23:47:16.854775807Z",
  "2262-04-11T23:47:16.854775808Z",
  "1677-09-21T00:12:43.145224192Z",
  "2024-02-29t23:59:59z",
  "2024-02-29T23:59:59,5Z",
  "2024-02-29T3:59:59Z",
  ""
]

const durations = (
  "1h 1h30m -1.5h 1d 1w2d 1y 100ms 1us 1µs 1μs .5s 1.s s 1 0 +5s 9223372036s 9223372037s 106751d 1.123456789123s 1H 1e3s " +
  "--1s 1_000s -9223372036.854775808s"
).split(" ")

layer(Base)("time", (it) => {
  it.effect("is shown, read and counted as in Go", () =>
    Effect.gen(function*() {
      const expressions = [
        ...["format", "date", "clock", "weekday"].flatMap((name) =>
          moments.map((_, at) => `time.${name}(input[${at}])`)
        ),
        ...moments.map((_, at) => `time.add_date(input[${at}], -1, 13, 40)`),
        ...moments.map((_, at) => `time.diff(input[${at}], 1650000000000000000)`),
        ...moments.map((_, at) => `time.diff(1650000000123000000, input[${at}])`),
        ...layouts.flatMap((layout) => texts.map((text) => `time.parse_ns("${layout}", "${text}")`)),
        ...texts.map((text) => `time.parse_rfc3339_ns("${text}")`),
        ...durations.map((text) => `time.parse_duration_ns("${text}")`)
      ]
      assert.deepStrictEqual(yield* differences(expressions, readJson(`[${moments.join(",")}]`)), [])
    }), 30_000)

  it.effect("names every zone as Go does, in winter and in summer", () =>
    Effect.gen(function*() {
      const expressions = ["1705276800000000000", "1720000000000000000"].flatMap((ns) =>
        zones.map((zone) => `time.format([${ns}, "${zone}", "MST -0700"])`)
      )
      assert.isAbove(expressions.length, 800)
      assert.deepStrictEqual(yield* differences(expressions), [])
    }), 30_000)
})
