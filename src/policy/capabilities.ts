import * as Schema from "effect/Schema"
import { provided } from "./builtins/catalogue.ts"

/** What OPA's wasm library holds itself (OPA 1.22, `internal/compiler/wasm`). */
const native = new Set(
  (`abs all and any array.concat array.flatten array.reverse array.slice base64.decode base64.encode base64.is_valid ` +
    `base64url.decode base64url.encode bits.and bits.lsh bits.negate bits.or bits.rsh bits.xor ceil concat contains ` +
    `count div endswith equal floor format_int glob.match graph.reachable gt gte indexof internal.member_2 ` +
    `internal.member_3 internal.template_string intersection is_array is_boolean is_null is_number is_object is_set ` +
    `is_string json.filter json.is_valid json.marshal json.remove json.unmarshal lower lt lte max min minus mul neq ` +
    `net.cidr_contains net.cidr_intersects net.cidr_overlap numbers.range object.filter object.get object.keys ` +
    `object.remove object.union object.union_n or plus product re_match regex.find_all_string_submatch_n ` +
    `regex.is_valid regex.match rem replace round set_diff sort split startswith strings.replace_n strings.reverse ` +
    `substring sum to_number trim trim_left trim_prefix trim_right trim_space trim_suffix type_name union upper walk`)
    .split(" ")
)

/** What the compiler replaces before it writes any wasm. */
const compiledAway = new Set([
  "assign",
  "eq",
  "internal.print",
  "internal.test_case",
  "print",
  "rego.metadata.chain",
  "rego.metadata.rule"
])

const Capabilities = Schema.fromJsonString(Schema.StructWithRest(
  Schema.Struct({
    builtins: Schema.Array(Schema.StructWithRest(Schema.Struct({ name: Schema.String }), [
      Schema.Record(Schema.String, Schema.Json)
    ]))
  }),
  [Schema.Record(Schema.String, Schema.Json)]
))

export const decode = Schema.decodeUnknownEffect(Capabilities)

const ours = new Set(provided)

type Kind = "any" | "boolean" | "number" | "string"

/** A function that OPA does not have: what stands in for one of its wasm (`shim.ts`). */
const declared = (name: string, operands: ReadonlyArray<Kind>, result: Kind) => ({
  name,
  decl: { type: "function", args: operands.map((type) => ({ type })), result: { type: result } }
})

const own = [
  declared("sluice.base64_decode", ["string"], "string"),
  declared("sluice.base64_is_valid", ["any"], "boolean"),
  declared("sluice.base64url_decode", ["string"], "string"),
  declared("sluice.cidr_contains", ["string", "string"], "boolean"),
  declared("sluice.cidr_intersects", ["string", "string"], "boolean"),
  declared("sluice.format_int", ["number", "number"], "string"),
  declared("sluice.json_is_valid", ["any"], "boolean"),
  declared("sluice.json_unmarshal", ["string"], "any")
]

/**
 * OPA's capabilities without every function that neither the wasm nor the host has, and without `http.send`,
 * `opa.runtime`, `rand.intn`, `net.lookup_ip_addr` and the like: their use is an error of compilation with file and line.
 */
export const restrict = (capabilities: typeof Capabilities.Type): string =>
  JSON.stringify({
    ...capabilities,
    builtins: [
      ...capabilities.builtins.filter(({ name }) => native.has(name) || compiledAway.has(name) || ours.has(name)),
      ...own
    ],
    allow_net: []
  })
