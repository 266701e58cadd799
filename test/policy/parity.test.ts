import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { JsonObject } from "../../src/domain/Json.ts"
import { run } from "../../src/policy/opa.ts"
import { Programs } from "../../src/programs/Programs.ts"
import { configMap, deployment, gate, judge } from "./gate.ts"

/** Policies of many kinds, each in a package of its own, in the ways that people write them. */
const policies: Readonly<Record<string, string>> = {
  quantities:
    `deny contains sprintf("%s %v %v", [k, units.parse_bytes(v), units.parse(v)]) if some k, v in input.data.quantities`,
  versions: `deny contains sprintf("%s %d", [v, semver.compare(v, "1.10.0")]) if {
	some v in input.data.versions
	semver.is_valid(v)
}`,
  patterns: `deny contains sprintf("%v", [[
	regex.replace(t, "(\\\\w+)-(\\\\d+)", "$2:$1"), regex.split("[-,]", t), regex.find_n("[a-z]*", t, 3),
	regex.match("^\\\\p{Lu}", t), regex.find_all_string_submatch_n("(.)-(.)", t, -1),
	regex.template_match("a-{[0-9]+}", t, "{", "}")
]]) if some t in input.data.texts`,
  texts: `deny contains sprintf("%v", [[
	strings.count(t, "a"), strings.any_prefix_match(t, {"a", "b"}), strings.any_suffix_match(t, ["9", "z"]),
	indexof_n(t, "a"), strings.split_n(t, "-", 1), strings.split_n(t, "-", -1), upper(t), trim(t, "a"),
	split(t, "-"), substring(t, 1, 2), glob.quote_meta(t), glob.match("a*", [], t), strings.reverse(t)
]]) if some t in input.data.texts`,
  encodings: `deny contains sprintf("%v", [[
	crypto.sha256(t), crypto.md5(t), crypto.sha1(t), crypto.hmac.sha256(t, "k"), hex.encode(t), base64.encode(t),
	base64url.encode_no_pad(t), urlquery.encode(t), urlquery.decode(urlquery.encode(t)), hex.decode(hex.encode(t)),
	urlquery.encode_object({"b": t, "a": ["x", t]}), urlquery.decode_object("a=1&b=2&a=%20+"),
	json.marshal_with_options({"a": [t, 1]}, {"indent": "  "}), json.marshal_with_options([t], {"prefix": ">"}), crypto.hmac.equal(t, t)
]]) if some t in input.data.texts`,
  collections: `deny contains sprintf("%v", [[
	object.subset({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}), object.subset([1, 2, 3], [2, 3]), object.subset({1, 2}, {3}),
	numbers.range_step(1, 10, 3), numbers.range_step(5, 1, 2), graph.reachable_paths({"a": ["b", "c"], "b": ["a"], "c": []}, ["a"]),
	object.union_n([{"a": 1}, {"b": 2}]), json.filter(input, ["data/versions"]), sort({3, 1, 2}), max([1, 2]),
	concat(",", {"b", "a"}), replace("abc", "", "."), {x | some x in [3, 1, 2]}, [x | some x in {3, 1, 2}; x > 1]
]]) if input.data.texts`,
  objects:
    `violation contains {"msg": sprintf("%s %v", [input.kind, input.metadata.labels]), "details": {"path": "metadata.name"}} if input.metadata.name
warn contains {"msg": $"template {input.kind}"} if input.kind != ""
deny contains "every" if every k, _ in input.data { k != "missing" }`,
  numbers:
    `deny contains sprintf("%v %v %d %v %v", [n * 2, n / 3, n, round(n), format_int(n, 16)]) if some n in input.data.numbers`
}

const objects: ReadonlyArray<JsonObject> = [
  configMap("a", {
    quantities: { a: "128Mi", b: "1.5G", c: "500m", d: "2e3", e: "x", f: "0.1Ki", g: "10", h: "1E" },
    versions: ["1.9.0", "v1.10.0", "1.10.0-rc.1", "1.10", "2.0.0+build", "1.10.0-rc.1.2", "01.1.1"],
    texts: ["a-1,b-22", "Äpfel-a", "", "aaa", "x y&z=é/😀", "a-123"],
    times: ["2024-02-29T23:59:59Z", "2026-07-01T12:00:00.5+02:00", "1969-12-31T23:00:00-05:00", "not a time"],
    numbers: [1, 255, 1e3, 12, 7]
  }),
  deployment("web", "nginx:latest"),
  { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop", labels: { b: "1", a: "2" } } }
]

layer(gate())("parity with opa eval", (it) => {
  it.effect("gives the same messages for the same policies and objects", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const folder = yield* files.makeTempDirectoryScoped()
      const opa = yield* (yield* Programs).path("opa")
      const sources = Object.fromEntries(
        Object.entries(policies).map(([name, body]) => [`policies/${name}.rego`, `package ${name}\n\n${body}\n`])
      )
      for (const [path, text] of Object.entries(sources)) {
        yield* files.writeFileString(`${folder}/${path.slice("policies/".length)}`, text)
      }
      for (const object of objects) {
        yield* files.writeFileString(`${folder}/input.json`, JSON.stringify(object))
        const names = Object.keys(policies).map((name) => `"${name}": data.${name}`).join(", ")
        const { stderr, stdout } = yield* run(opa, folder, [
          "eval",
          "-f",
          "raw",
          "-i",
          "input.json",
          ...Object.keys(policies).flatMap((name) => ["-d", `${name}.rego`]),
          `[[name, rule, result] | some name, rules in {${names}}; some rule, results in rules; some result in results]`
        ])
        const found = JSON.parse(stdout || JSON.stringify(stderr)) as ReadonlyArray<
          readonly [string, string, string | { readonly msg: string }]
        >
        const expected = found
          .map(([name, rule, result]) => [name, rule, typeof result === "string" ? result : result.msg].join("\0"))
          .sort()
        const decision = yield* judge(sources, [object])
        const got = decision.violations.map(({ message, package: name, rule }) => [name, rule, message].join("\0"))
          .sort()
        assert.deepStrictEqual(got, expected)
        assert.isAbove(got.length, 0)
      }
    }), 60_000)
})
