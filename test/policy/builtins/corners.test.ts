import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readJson } from "../../../src/policy/builtins/json.ts"
import { Base } from "../gate.ts"
import { differences } from "./oracle.ts"

const quantities = (
  "1 1K 1k 1Ki 1ki 1M 1m 1Mi 1mi 1G 1g 1GI 1T 1P 1E 1e 1Ei 1e3 1E3 1e3Ki -1.5G +2M .5K 5. 1.5.5 1KB 1kb 1KiB 1Kb 1B b K " +
  "1e-3 100m 0.1m 1E+2 1E-2K 1ee3 0x10 1_000 １ 1y 1Z 1Yi 12345678901234567890 0.12345678901234567890 1/2 1.1Ki 1,5 NaN Inf 1k1"
).split(" ").concat("", " 1K", "1 K", "1 ")

const versions = (
  "1.2.3 v1.2.3 vv1.2.3 1.2 1 1.2.3-rc.1 1.2.3-rc.1.2 1.2.3-rc.10 1.2.3-rc.9 1.2.3-alpha 1.2.3+b 1.2.3-+b 1.2.3- 01.2.3 " +
  "1.02.3 1.2.3-01 1.2.3-0a 1.2.3.4 1.2.3-ä 99999999999999999999.0.0 1.2.3-rc_1 -1.2.3 1.-2.3 1.2.3-a.b.- 1.2.3+a+b"
).split(" ").concat("", " 1.2.3")

const ranges = (
  "10.0.0.0/8 10.1.2.3/8 10.0.0.0/0 10.0.0.0/33 10.0.0.0/08 ::/0 2001:db8::/32 2001:db8::1/128 ::ffff:1.2.3.4/112 " +
  "::ffff:1.2.3.4/24 1.2.3.4 ::1 1.2.3/8 1.2.3.04/8 fe80::1%eth0/64 x 1.2.3.4/32 1.2.3.4/-1 1.2.3.4/+1 1.2.3.0/31 ::1/127 " +
  "::1/129 256.0.0.0/8"
).split(" ").concat("")

/** As they stand in JSON. */
const texts = [
  "",
  " ",
  "a",
  "abc",
  "ABC",
  "äöü",
  "ÄÖÜ",
  "ß",
  "İ",
  "ſ",
  "😀x",
  "a\\nb",
  "\\u0000",
  "  a  ",
  "\\t a \\n",
  "\\u00a0a\\u2003",
  "e\\u0301",
  "1",
  "-1",
  "1e5",
  "01",
  "0x1",
  "1_0",
  "Inf",
  "true",
  "null",
  "{}",
  "[1,2",
  "{\\\"a\\\":1,\\\"a\\\":2}",
  "\\\"x\\\"",
  "1e40000",
  "YQ==",
  "YQ",
  "YWI=",
  "Y Q==",
  "YQ==\\n",
  "-_-_",
  "////",
  "a=b",
  "١",
  "a b&c=d/é+%",
  "%41",
  "%zz",
  "a=1&b=2&a=3",
  "a;b",
  "&&"
]

/** Go takes an exponent beyond its floats for text, and no anchor without letters. */
const known = new Set(["yaml.unmarshal(input[30])", "yaml.unmarshal(input[45])", "yaml.is_valid(input[45])"])

const unary = (
  "upper lower trim_space strings.reverse count json.is_valid json.unmarshal json.marshal base64.encode base64.decode " +
  "base64.is_valid base64url.encode base64url.decode base64url.encode_no_pad yaml.is_valid yaml.unmarshal regex.is_valid " +
  "urlquery.encode urlquery.decode urlquery.decode_object hex.encode hex.decode crypto.md5 crypto.sha1 crypto.sha256 " +
  "glob.quote_meta uuid.parse"
).split(" ")

const affixes = ["", "a", "X", "ö", "aä"]
const binary = "trim trim_left trim_right trim_prefix trim_suffix startswith endswith contains split".split(" ")

layer(Base)("corners of built-ins", (it) => {
  it.effect("quantities and versions", () =>
    Effect.gen(function*() {
      const call = (name: string, ...operands: ReadonlyArray<string>) =>
        `${name}(${operands.map((operand) => JSON.stringify(operand)).join(", ")})`
      const expressions = [
        ...["units.parse", "units.parse_bytes"].flatMap((name) => quantities.map((text) => call(name, text))),
        ...versions.map((text) => call("semver.is_valid", text)),
        ...versions.flatMap((a) => versions.map((b) => call("semver.compare", a, b)))
      ]
      assert.deepStrictEqual(yield* differences(expressions), [])
    }), 30_000)

  it.effect("address ranges", () =>
    Effect.gen(function*() {
      const pairs = ranges.flatMap((a) => ranges.map((b) => `"${a}", "${b}"`))
      const expressions = [
        ...ranges.map((text) => `net.cidr_is_valid("${text}")`),
        ...ranges.map((text) => `net.cidr_merge(["${text}", "10.128.0.0/9", "2001:db8:1::/48"])`),
        ...ranges.map((text) => `net.cidr_merge({"${text}"})`),
        ...["contains", "contains_matches", "intersects"].flatMap((name) =>
          pairs.map((pair) => `net.cidr_${name}(${pair})`)
        ),
        "net.cidr_merge([\"10.0.0.0/24\", \"10.0.1.0/24\", \"10.0.3.0/24\", \"10.0.2.5/32\", \"10.0.2.6/32\"])",
        "net.cidr_merge({\"0.0.0.0/1\", \"128.0.0.0/1\", \"::/1\", \"8000::/1\"})",
        ...["1.2.3.4/32", "1.2.3.0/30", "::1/126", "x"].map((text) => `net.cidr_expand("${text}")`)
      ]
      assert.deepStrictEqual(yield* differences(expressions), [])
    }), 30_000)

  const input = readJson(`[${texts.map((text) => `"${text}"`).join(",")}]`)
  const at = texts.map((_, index) => `input[${index}]`)

  it.effect("texts, also where OPA's wasm has the function itself", () =>
    Effect.gen(function*() {
      const expressions = [
        ...unary.flatMap((name) => at.map((text) => `${name}(${text})`)),
        ...at.map((text) => `substring(${text}, 1, -1)`),
        ...at.map((text) => `substring(${text}, 0, 1)`),
        ...at.map((text) => `sprintf("%q|%x|%5s|%-5s|%.1s", [${text}, ${text}, ${text}, ${text}, ${text}])`),
        ...at.map((text) => `urlquery.encode_object({${text}: [${text}, "x"], "b": {"z", "a"}})`)
      ]
      const asked = expressions.filter((expression) => !known.has(expression))
      assert.deepStrictEqual(yield* differences(asked, input), [])
    }), 30_000)

  it.effect("texts and parts of them", () =>
    Effect.gen(function*() {
      const some = at.filter((_, index) => index < 20)
      const expressions = binary.flatMap((name) =>
        affixes.flatMap((affix) => some.map((text) => `${name}(${text}, "${affix}")`))
      )
      assert.deepStrictEqual(yield* differences(expressions, input), [])
    }), 30_000)
})
