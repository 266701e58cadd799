import type { Builtin, BuiltinGroup } from "./Builtin.ts"

interface Entry {
  readonly names: ReadonlyArray<string>
  /** Imported in the worker only, and only where a policy asks for one of the names. */
  readonly load: () => Promise<BuiltinGroup>
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
    names: ["regex.find_n", "regex.replace", "regex.split", "regex.template_match"],
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
    names: ["net.cidr_is_valid", "net.cidr_expand", "net.cidr_merge", "net.cidr_contains_matches"],
    load: () => import("./cidr.ts").then(({ cidr }) => cidr)
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
  }
]

/** The built-in whose value is the decision's time: the same in all of it. */
export const clock = "time.now_ns"

/** Every name that the host provides. */
export const provided: ReadonlyArray<string> = [clock, ...catalogue.flatMap(({ names }) => names)]

/** The names of each group and the functions that it really holds, for the test that keeps them equal. */
export const groups = (): ReadonlyArray<Promise<readonly [ReadonlyArray<string>, BuiltinGroup]>> =>
  catalogue.map(({ load, names }) => load().then((group) => [names, group] as const))

/** The functions with these names, loaded; names that are not provided are left out. */
export const loadBuiltins = async (
  names: ReadonlyArray<string>,
  now: Builtin
): Promise<ReadonlyMap<string, Builtin>> => {
  const needed = catalogue.filter((entry) => entry.names.some((name) => names.includes(name)))
  const groups = await Promise.all(needed.map(({ load }) => load()))
  return new Map([[clock, now], ...groups.flatMap((group) => Object.entries(group))])
}
