import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parse } from "yaml"
import { nearest } from "../domain/nearest.ts"
import { InvalidSpec, PolicyUnavailable } from "../domain/StageError.ts"

/** The policies that come with Sluice. */
const shipped = fileURLToPath(new URL("../../policies", import.meta.url))

const Profile = Schema.Struct({ policies: Schema.Array(Schema.String) })

const unreadable = (what: string) => () =>
  new PolicyUnavailable({ detail: `${what}, which comes with Sluice, cannot be read`, hint: "Install Sluice anew." })

/** Files below a folder, by their path in it, sorted; none where there is no such folder. */
const filesBelow = Effect.fnUntraced(function*(folder: string) {
  const disk = yield* FileSystem.FileSystem
  const found = yield* Effect.orElseSucceed(disk.readDirectory(folder, { recursive: true }), () => [])
  return found.map((path) => path.replaceAll("\\", "/")).sort()
})

const isPolicyFile = (path: string): boolean => /\.(rego|json|ya?ml)$/u.test(path) && !path.endsWith("_test.rego")

/** Every name that may be asked for: profiles, categories and policies, with the policies (`category/policy`) they mean. */
const named = Effect.fnUntraced(function*(root: string, files: ReadonlyArray<string>) {
  const disk = yield* FileSystem.FileSystem
  const policies = [
    ...new Set(files.flatMap((path) => {
      const [top, category, policy, file] = path.split("/")
      return top === "rules" && file !== undefined ? [`${category}/${policy}`] : []
    }))
  ]
  const names = new Map<string, ReadonlyArray<string>>(policies.map((policy) => [policy, [policy]]))
  for (const category of new Set(policies.map((policy) => policy.split("/")[0]!))) {
    names.set(category, policies.filter((policy) => policy.startsWith(`${category}/`)))
  }
  for (const path of files.filter((path) => /^profiles\/.+\.ya?ml$/u.test(path))) {
    const text = yield* Effect.mapError(disk.readFileString(join(root, path)), unreadable(`policies/${path}`))
    const profile = yield* Effect.try({ try: (): unknown => parse(text), catch: unreadable(`policies/${path}`) }).pipe(
      Effect.flatMap(Schema.decodeUnknownEffect(Profile)),
      Effect.mapError(unreadable(`policies/${path}`))
    )
    const lost = profile.policies.filter((policy) => !policies.includes(policy))
    if (lost.length > 0) return yield* unreadable(`policies/${path} (it names ${lost.join(", ")})`)()
    names.set(path.slice("profiles/".length).replace(/\.ya?ml$/u, ""), profile.policies)
  }
  return names
})

const unknown = (wanted: string, names: Iterable<string>) => {
  const all = [...names].sort()
  const near = nearest(wanted, all)
  // `restricted` for `pod-security/restricted`.
  const within = all.filter((name) => name.split("/").includes(wanted) || wanted.split("/").includes(name)).slice(0, 5)
  const meant = [...new Set([...near === undefined ? [] : [near], ...within])]
  return new InvalidSpec({
    detail: `source.library: there is no ${JSON.stringify(wanted)} among the policies that come with Sluice`,
    hint: meant.length > 0
      ? `Did you mean ${meant.join(" or ")}?`
      : `There are: ${all.filter((name) => !name.includes("/")).join(", ")}.`
  })
}

/**
 * The files of policies that come with Sluice, by name: a profile, a category, or one policy as `category/policy`; with
 * the libraries that they share. Paths are from the root of Sluice. A name that means nothing is an error that says which
 * are near.
 */
export const library = Effect.fn("Policy.library")(function*(wanted: ReadonlyArray<string>, root: string = shipped) {
  const disk = yield* FileSystem.FileSystem
  const files = yield* filesBelow(root)
  const names = yield* named(root, files)
  const policies = new Set<string>()
  for (const name of wanted) {
    const meant = names.get(name)
    if (meant === undefined) return yield* unknown(name, names.keys())
    for (const policy of meant) policies.add(policy)
  }
  const meant = files.filter((path) => {
    const [top, category, policy] = path.split("/")
    return isPolicyFile(path) && (top === "lib" || top === "rules" && policies.has(`${category}/${policy}`))
  })
  return yield* Effect.forEach(
    meant,
    (path) =>
      Effect.map(
        Effect.mapError(disk.readFile(join(root, path)), unreadable(`policies/${path}`)),
        (content) => ({ path: `policies/${path}`, content })
      ),
    { concurrency: 16 }
  )
})
