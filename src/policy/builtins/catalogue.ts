import type { Builtin, BuiltinGroup } from "./Builtin.ts"

interface Entry {
  readonly names: ReadonlyArray<string>
  /** Imported in the worker only, and only where a policy asks for one of the names. */
  readonly load: (now: Builtin) => Promise<BuiltinGroup>
}

/** What the host provides beside what OPA's wasm holds itself. A test keeps the names true. */
const catalogue: ReadonlyArray<Entry> = [
  {
    names: [
      "sprintf",
      "indexof_n",
      "strings.any_prefix_match",
      "strings.any_suffix_match",
      "strings.count",
      "strings.split_n",
      "glob.quote_meta",
      "trace"
    ],
    load: () => import("./strings.ts").then(({ strings }) => strings)
  },
  { names: ["units.parse", "units.parse_bytes"], load: () => import("./units.ts").then(({ units }) => units) },
  { names: ["semver.compare", "semver.is_valid"], load: () => import("./semver.ts").then(({ semver }) => semver) },
  {
    names: ["regex.find_n", "regex.globs_match", "regex.replace", "regex.split", "regex.template_match"],
    load: () => import("./regex.ts").then(({ regex }) => regex)
  },
  {
    names: [
      "base64url.encode_no_pad",
      "hex.encode",
      "hex.decode",
      "urlquery.encode",
      "urlquery.decode",
      "urlquery.encode_object",
      "urlquery.decode_object",
      "json.marshal_with_options"
    ],
    load: () => import("./encoding.ts").then(({ encoding }) => encoding)
  },
  {
    names: [
      "crypto.md5",
      "crypto.sha1",
      "crypto.sha256",
      "crypto.hmac.md5",
      "crypto.hmac.sha1",
      "crypto.hmac.sha256",
      "crypto.hmac.sha512",
      "crypto.hmac.equal"
    ],
    load: () => import("./crypto.ts").then(({ crypto }) => crypto)
  },
  {
    names: ["object.subset", "numbers.range_step", "graph.reachable_paths"],
    load: () => import("./collections.ts").then(({ collections }) => collections)
  },
  { names: ["json.patch"], load: () => import("./jsonPatch.ts").then(({ jsonPatch }) => jsonPatch) },
  { names: ["uuid.parse"], load: () => import("./uuid.ts").then(({ uuid }) => uuid) },
  {
    names: [
      "net.cidr_is_valid",
      "net.cidr_expand",
      "net.cidr_merge",
      "net.cidr_contains_matches",
      "sluice.cidr_contains",
      "sluice.cidr_intersects"
    ],
    load: () => import("./cidr.ts").then(({ cidr }) => cidr)
  },
  {
    names: [
      "sluice.base64_decode",
      "sluice.base64_is_valid",
      "sluice.base64url_decode",
      "sluice.format_int",
      "sluice.json_is_valid",
      "sluice.json_unmarshal"
    ],
    load: () => import("./exact.ts").then(({ exact }) => exact)
  },
  {
    names: [
      "time.parse_ns",
      "time.parse_rfc3339_ns",
      "time.parse_duration_ns",
      "time.format",
      "time.date",
      "time.clock",
      "time.weekday",
      "time.add_date",
      "time.diff"
    ],
    load: () => import("./time.ts").then(({ time }) => time)
  },
  {
    names: ["yaml.is_valid", "yaml.unmarshal", "yaml.marshal"],
    load: () => import("./yaml.ts").then(({ yaml }) => yaml)
  },
  { names: ["uri.parse", "uri.is_valid"], load: () => import("./uri.ts").then(({ uri }) => uri) },
  {
    names: ["json.match_schema", "json.verify_schema"],
    load: () => import("./jsonSchema.ts").then(({ jsonSchema }) => jsonSchema)
  },
  { names: ["strings.render_template"], load: () => import("./template.ts").then(({ template }) => template) },
  {
    names: ["cast_array", "cast_set", "cast_string", "cast_boolean", "cast_null", "cast_object"],
    load: () => import("./casts.ts").then(({ casts }) => casts)
  },
  {
    names: [
      "io.jwt.decode",
      "io.jwt.decode_verify",
      "io.jwt.encode_sign",
      "io.jwt.encode_sign_raw",
      ...["rs", "ps", "es", "hs"].flatMap((kind) => [256, 384, 512].map((bits) => `io.jwt.verify_${kind}${bits}`)),
      "io.jwt.verify_eddsa"
    ],
    load: (now) => import("./jwt.ts").then(({ jwt }) => jwt(now))
  },
  {
    names: [
      "crypto.x509.parse_certificates",
      "crypto.x509.parse_and_verify_certificates",
      "crypto.x509.parse_and_verify_certificates_with_options",
      "crypto.x509.parse_certificate_request",
      "crypto.x509.parse_keypair",
      "crypto.x509.parse_rsa_private_key",
      "crypto.parse_private_keys"
    ],
    load: (now) => import("./x509.ts").then(({ x509 }) => x509(now))
  }
]

/** The built-in whose value is the decision's time: the same in all of it. */
export const clock = "time.now_ns"

/** Built-ins that look at the clock themselves. */
const timed = new Set([
  clock,
  "io.jwt.decode_verify",
  "crypto.x509.parse_and_verify_certificates",
  "crypto.x509.parse_and_verify_certificates_with_options"
])

/** Whether what these built-ins answer may be another thing at another time. */
export const dependOnTime = (names: ReadonlyArray<string>): boolean => names.some((name) => timed.has(name))

/** Every name that the host provides. */
export const provided: ReadonlyArray<string> = [clock, ...catalogue.flatMap(({ names }) => names)]

/** The names of each group and the functions that it really holds, for the test that keeps them equal. */
export const groups = (): ReadonlyArray<Promise<readonly [ReadonlyArray<string>, BuiltinGroup]>> =>
  catalogue.map(({ load, names }) => load(() => 0).then((group) => [names, group] as const))

/** The functions with these names, loaded; names that are not provided are left out. */
export const loadBuiltins = async (
  names: ReadonlyArray<string>,
  now: Builtin
): Promise<ReadonlyMap<string, Builtin>> => {
  const needed = catalogue.filter((entry) => entry.names.some((name) => names.includes(name)))
  const groups = await Promise.all(needed.map(({ load }) => load(now)))
  return new Map([[clock, now], ...groups.flatMap((group) => Object.entries(group))])
}
