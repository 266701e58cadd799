import * as Effect from "effect/Effect"
import { posix } from "node:path"
import type { Artifact, ArtifactEntry } from "../domain/Artifact.ts"
import type { Bundle } from "../domain/Decision.ts"
import { PolicyUnavailable } from "../domain/StageError.ts"
import { isConftestFile } from "./conftest.ts"
import { mayHoldResources } from "./gatekeeper/resources.ts"
import { maximumBytes as maximumWaiverBytes } from "./repositoryWaivers.ts"

const maximumFiles = 1_000
const maximumBytes = 8 * 1024 * 1024

/** What the file is called in which a repository waives policies, at the top of a folder of its policies. */
export const waiversFile = "waivers.yaml"

/** Where policies are looked for. */
export interface Place {
  /** The field that names them, for who has to mend it. */
  readonly field: string
  readonly paths: ReadonlyArray<string>
  /** Whether they have to be there. */
  readonly isRequired: boolean
  /** Bytes of Rego at most; what compiles them takes some 200 times as much memory. */
  readonly regoBytes: number
}

export interface PolicyFiles {
  readonly files: Bundle["files"]
  readonly hasRules: boolean
  /** The files of waivers: they are no data. */
  readonly waivers: Bundle["files"]
}

/** Rego without its tests, and the documents beside it; nothing hidden. */
const isPolicyFile = ({ kind, path }: ArtifactEntry): boolean =>
  kind === "file" && (/\.(rego|json|ya?ml)$/.test(path) || isConftestFile(path)) && !path.endsWith("_test.rego") &&
  !path.split("/").some((part) => part.startsWith("."))

/** Whether anything among policy files may report. */
export const hasRules = (files: Bundle["files"]): boolean =>
  files.some((file) => file.path.endsWith(".rego") || mayHoldResources(file))

const filesAt = Effect.fnUntraced(function*(artifact: Artifact, reference: string, { field, isRequired }: Place) {
  const path = yield* artifact.resolve("", reference)
  const entry = yield* artifact.entry(path)
  if (entry === undefined && isRequired) {
    return yield* new PolicyUnavailable({
      detail: `${field} names ${JSON.stringify(reference)}, and there is no such path at this revision`,
      hint: `Name a folder of the repository that holds policies in ${field}, or put it there.`
    })
  }
  if (entry === undefined) return []
  const found = (entry.kind === "file" ? [entry] : yield* artifact.walk(path)).filter(isPolicyFile)
  return found.map((file) => ({ path: file.path, isWaivers: file.path === posix.join(path, waiversFile) }))
})

const tooMuch = (what: string, { field }: Place) =>
  new PolicyUnavailable({ detail: `the policies are more than ${what}; name narrower ${field}` })

const bytesOf = (files: Bundle["files"]): number => files.reduce((sum, { content }) => sum + content.length, 0)

/** Reads the Rego of some paths and the documents beside it: at most 1,000 files and 8 MiB, 64 KiB of which are waivers. */
export const policyFiles = Effect.fn("Policy.files")(
  function*(artifact: Artifact, place: Place) {
    const found = (yield* Effect.forEach(place.paths, (path) => filesAt(artifact, path, place))).flat()
    const waivers = new Set(found.filter(({ isWaivers }) => isWaivers).map(({ path }) => path))
    const names = [...new Set(found.map(({ path }) => path))].sort()
    if (names.length > maximumFiles) return yield* tooMuch(`${maximumFiles} files`, place)
    const contents = yield* artifact.read(names)
    const all = names.map((path, index) => ({ path, content: contents[index]! }))
    if (bytesOf(all) > maximumBytes) return yield* tooMuch("8 MiB", place)
    const rego = bytesOf(all.filter(({ path }) => path.endsWith(".rego")))
    if (rego > place.regoBytes) return yield* tooMuch(`${place.regoBytes / 1024 / 1024} MiB of Rego`, place)
    const written = all.filter(({ path }) => waivers.has(path))
    if (bytesOf(written) > maximumWaiverBytes) return yield* tooMuch("64 KiB of waivers", place)
    const files = all.filter(({ path }) => !waivers.has(path))
    return {
      files,
      hasRules: hasRules(files),
      waivers: written
    } satisfies PolicyFiles
  },
  Effect.catchTags({
    UnsafePath: (error) => Effect.fail(new PolicyUnavailable({ detail: error.message })),
    FetchFailed: (error) => Effect.fail(new PolicyUnavailable({ detail: error.message, class: "transient" })),
    AuthFailed: (error) => Effect.fail(new PolicyUnavailable({ detail: error.message })),
    InvalidSpec: (error) => Effect.fail(new PolicyUnavailable({ detail: error.message })),
    AccessDenied: (error) => Effect.fail(new PolicyUnavailable({ detail: error.message }))
  })
)
