import type { JsonObject } from "../../src/domain/Json.ts"
import { configMap, deployment } from "./gate.ts"

/** Policies of many kinds, each in a package of its own, in the ways that people write them. */
export const policies: Readonly<Record<string, string>> = {
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

/** Objects that those policies have something to say about. */
export const objects: ReadonlyArray<JsonObject> = [
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
