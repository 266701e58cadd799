import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Semaphore from "effect/Semaphore"
import { availableParallelism } from "node:os"
import { type Delivery, nameOf } from "../api/v1alpha1/Delivery.ts"
import type { Artifact } from "../domain/Artifact.ts"
import { digest } from "../domain/digest.ts"
import type { Capabilities } from "../domain/Health.ts"
import { canonical, type Json } from "../domain/Json.ts"
import type { Rendered } from "../domain/Manifest.ts"
import { type ProgramUnavailable, type RenderError, RenderFailed } from "../domain/StageError.ts"
import { Programs } from "../programs/Programs.ts"
import * as Queue from "../telemetry/Queue.ts"
import { assemble, type Candidate } from "./assemble.ts"
import * as child from "./child.ts"
import { detect } from "./detect.ts"
import * as helm from "./helm.ts"
import { helmClosure, valuesFiles } from "./helmClosure.ts"
import { areSafe } from "./helmSchemas.ts"
import * as kustomize from "./kustomize.ts"
import { kustomizeClosure } from "./kustomizeClosure.ts"
import * as kustomizeOrigins from "./kustomizeOrigins.ts"
import { locatePlain } from "./locate.ts"
import { locateKustomize } from "./locateKustomize.ts"
import * as plain from "./plain.ts"
import * as Reader from "./Reader.ts"
import { failure, inRepositoryWords, placeIn } from "./told.ts"
import * as Tree from "./Tree.ts"
import * as workspace from "./workspace.ts"

/** Everything that a delivery reads of an artifact: each path resolved and checked before any program sees it. */
export interface Closure {
  readonly artifact: Artifact
  readonly renderer: "kustomize" | "helm" | "plain"
  /** The folder, or for `plain` the file, that is rendered; resolved from the delivery's path. */
  readonly path: string
  /** Path in the artifact to content id. */
  readonly files: ReadonlyMap<string, string>
  /** Of the files' paths and ids, and of what the delivery says about rendering. */
  readonly digest: string
}

export interface Options {
  /** Where each delivery's closure is kept for the programs. */
  readonly workDirectory: string
  /** Bytes that those folders may take together; no limit, unless given. */
  readonly room?: number | undefined
  /** Of one program run: 1 minute, unless given. */
  readonly programDeadline?: Duration.Input
  /** Of parsing one batch of YAML: 10 seconds, unless given. */
  readonly parseDeadline?: Duration.Input
  /** Bytes that a program may write, and that files and values may have together: 64 MiB, unless given. */
  readonly maximumBytes?: number
  /** Objects of one revision: 20,000, unless given. */
  readonly maximumObjects?: number
}

/** The render stage: the objects of one revision. */
export class Render extends Context.Service<Render, {
  /** What would be read. Cheap: no program is started. */
  readonly closure: (delivery: Delivery, artifact: Artifact) => Effect.Effect<Closure, RenderError>
  /** The objects, each with its origin. `capabilities` is asked only by charts. */
  readonly render: <E>(
    delivery: Delivery,
    closure: Closure,
    capabilities: Effect.Effect<Capabilities, E>
  ) => Effect.Effect<Rendered, RenderError | E>
}>()("sluice/render/Render") {
  static readonly layer = (options: Options) => Layer.effect(Render, make(options))
}

/** Rendered twice at first sight; so many charts are remembered as steady. */
const steadyCharts = 10_000

const unavailable = (error: ProgramUnavailable) => new RenderFailed({ detail: error.message })

const make = Effect.fnUntraced(function*(options: Options) {
  const programs = yield* Programs
  const files = yield* FileSystem.FileSystem
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const cores = Math.max(1, availableParallelism())
  const renders = yield* Semaphore.make(cores)
  const queue = yield* Queue.make("render")
  const maximumBytes = options.maximumBytes ?? 64 * 1024 * 1024
  const reader = yield* Reader.make({
    workers: Math.min(2, cores),
    deadline: options.parseDeadline ?? "10 seconds",
    maximum: 2 * maximumBytes,
    remembered: 32 * 1024 * 1024
  })
  const inWorkspace = yield* workspace.make(options.workDirectory, options.room)
  const originsOf = kustomizeOrigins.make()
  const steady = new Set<string>()

  const run = (
    program: string,
    given: Pick<Parameters<typeof child.run>[1], "arguments" | "input">,
    at: workspace.Workspace
  ) =>
    child.run(program, {
      ...given,
      folder: at.generated,
      home: at.home,
      deadline: options.programDeadline ?? "1 minute",
      maximumOutput: maximumBytes
    }).pipe(Effect.provideService(ChildProcessSpawner.ChildProcessSpawner, spawner))

  /** A program's output is its mistake or its input's, never a file of the repository: it has no line of its own. */
  const parse = Effect.fnUntraced(function*(reader: Reader.Reader, program: string, text: string) {
    const [read] = yield* reader.read([{ name: `the output of ${program}`, text }])
    if (read === undefined || "problem" in read) {
      // The key alone: what follows may be a value of a Secret.
      const line = text.split("\n")[read!.problem.line - 1]?.trim().replace(/:.*$/u, ": …") ?? ""
      return yield* new RenderFailed({
        detail: `the output of ${program} is no valid YAML: ${read!.problem.detail} at ${
          JSON.stringify(line.slice(0, 200))
        }`
      })
    }
    return read
  })

  const closure = Effect.fn("Render.closure")(function*(delivery: Delivery, artifact: Artifact) {
    const tree = Tree.make(artifact, maximumBytes)
    const { path, isFile, renderer } = yield* detect(tree, delivery)
    const found: ReadonlyMap<string, string> = isFile
      ? new Map([[path, (yield* tree.entry(path))?.id ?? ""]])
      : renderer === "kustomize"
      ? yield* kustomizeClosure(tree, reader, path)
      : renderer === "helm"
      ? yield* helmClosure(tree, reader, delivery, path)
      : yield* plain.files(tree, delivery, path)
    const sorted = new Map([...found].sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0))
    const { metadata: { name, namespace }, spec } = delivery
    const said = { renderer, path, name, namespace, helm: spec.helm ?? null, render: spec.render ?? null }
    return {
      artifact,
      renderer,
      path,
      files: sorted,
      digest: digest(canonical(said as Json), ...[...sorted].flat())
    }
  })

  const renderKustomize = (
    reader: Reader.Reader,
    delivery: Delivery,
    { path, files: closed }: Closure,
    tree: Tree.Tree
  ) =>
    Effect.gen(function*() {
      const program = yield* Effect.mapError(programs.path("kustomize"), unavailable)
      return yield* inWorkspace(nameOf(delivery), closed, tree.read, (at) =>
        Effect.gen(function*() {
          const wrapped = yield* kustomize.writeWrapper(files, at, path)
          const output = yield* run(program, { arguments: wrapped }, at).pipe(
            Effect.mapError((error) => failure("kustomize", error, at, closed))
          )
          const documents = yield* parse(reader, "kustomize", output)
          return yield* originsOf(reader, tree, closed, documents.map(({ value }) => value), path)
        }))
    })

  const renderHelm = (
    reader: Reader.Reader,
    delivery: Delivery,
    { artifact, path, files: closed, digest: identity }: Closure,
    tree: Tree.Tree,
    asked: Capabilities
  ) =>
    Effect.gen(function*() {
      const program = yield* Effect.mapError(programs.path("helm"), unavailable)
      const values = (yield* valuesFiles(tree, delivery, path)).map((file) => file.path)
      const validates = yield* areSafe(Tree.make(artifact, maximumBytes), closed)
      return yield* inWorkspace(nameOf(delivery), closed, tree.read, (at) =>
        Effect.gen(function*() {
          const command = helm.command(delivery, at, path, values, { ...asked, validates })
          const once = run(program, command, at).pipe(
            Effect.mapError((error) => {
              if (typeof error === "string") return failure("helm", error, at, closed)
              return helm.failed(error, inRepositoryWords(error.stderr, at), path, closed, placeIn)
            }),
            Effect.flatMap((output) => parse(reader, "helm", output)),
            Effect.flatMap((documents) => helm.origins(documents, path, closed))
          )
          const first = digest(identity, canonical({ ...asked }))
          if (steady.has(first)) return yield* once
          const [one, two] = yield* Effect.all([once, once], { concurrency: 2 })
          const different = helm.difference(one, two)
          if (different !== undefined) return yield* different
          if (steady.size >= steadyCharts) steady.clear()
          steady.add(first)
          return one
        }))
    })

  const render = <E>(delivery: Delivery, closed: Closure, capabilities: Effect.Effect<Capabilities, E>) =>
    Effect.gen(function*() {
      const tree = Tree.make(closed.artifact, maximumBytes)
      const said = delivery.spec.render?.kubernetes
      const asked = closed.renderer !== "helm" ? undefined : said ?? (yield* capabilities)
      const own = reader.of(nameOf(delivery))
      const candidates: ReadonlyArray<Candidate> = yield* queue(renders.withPermits(1))(
        closed.renderer === "kustomize"
          ? renderKustomize(own, delivery, closed, tree)
          : asked !== undefined
          ? renderHelm(own, delivery, closed, tree, asked)
          : plain.render(tree, own, closed.files)
      )
      own.done(closed.files.values())
      const { manifests, candidateOf } = yield* assemble(candidates, {
        namespace: delivery.metadata.namespace,
        maximum: options.maximumObjects ?? 20_000
      })
      const inKustomize = locateKustomize(tree, reader, closed.files, closed.path)
      const locate: Rendered["locate"] = (manifest, path) => {
        const candidate = candidateOf.get(manifest)
        return closed.renderer === "kustomize"
          ? inKustomize(manifest, candidate, path)
          : closed.renderer === "plain"
          ? locatePlain(reader, manifest, candidate, path)
          : Effect.succeed(manifest.origin)
      }
      return { manifests, closure: closed.digest, locate }
    }).pipe(Effect.withSpan("Render.render"))

  return Render.of({ closure, render })
})
