import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"
import { basename, join, relative, resolve, sep } from "node:path"
import { apiVersion, Delivery, nameOf } from "../api/v1alpha1/Delivery.ts"
import type { PolicyBundle } from "../api/v1alpha1/PolicyBundle.ts"
import { settings } from "../config.ts"
import type { Artifact } from "../domain/Artifact.ts"
import type { Bundle, Violation } from "../domain/Decision.ts"
import { policySet } from "../domain/policySet.ts"
import { InvalidSpec, RenderFailed, retold, type StageError } from "../domain/StageError.ts"
import { folderArtifact, repositoryRoot } from "../fetch/folder.ts"
import { Policy } from "../policy/Policy.ts"
import { Render } from "../render/Render.ts"
import { stayInside } from "../render/Tree.ts"
import { type Advice, adviceOn, noAdvice, tell } from "./advice.ts"
import { changesetsIn, checkChangesets } from "./checkChangesets.ts"
import { type CheckReport, exitCode, merge, ofDecision, ofError, ofObjects } from "./CheckReport.ts"
import { painting } from "./color.ts"
import { type Given, textOf } from "./commandLine.ts"
import { Failures } from "./Failures.ts"
import { mayHoldPolicies, nearestPolicies } from "./nearestPolicies.ts"
import { outputsOf, write } from "./outputs.ts"
import * as print from "./print.ts"
import { formats } from "./report/Format.ts"
import { ofArtifact, ofPolicies, type Shown, shownOf } from "./sourceTexts.ts"

/** What one report is about: a delivery, the root of its tree, and where its policies are if they are not its own. */
interface Subject {
  readonly told: string
  readonly delivery: Delivery
  readonly root: string
  /** Named on the command line: no file says where its policies are. */
  readonly isGiven: boolean
  /** A file of samples of what would change, and no manifests. */
  readonly changesets?: ReturnType<typeof changesetsIn>
  /** The platform's bundles that judge it. */
  readonly guards: Effect.Effect<ReadonlyArray<Bundle>, StageError>
  /** In no Git repository: nothing says what may be referred to but where Sluice was started. */
  readonly isLoose: boolean
}

/** Without a cluster and without `spec.render.kubernetes`, charts are rendered for this version. */
const assumed = { version: "v1.36.0", apiVersions: [] }

const loose = "No folder above has a .git: start Sluice in the folder that holds both, or run `git init` there."
const noPolicies = "Put Rego into policies/ in the folder or above it, or name a folder of it with --policy."
const noPaths = "Put Rego into policies/ at the root of the repository, or name its folders in spec.policy.paths."

const untraced = "Without --trace it is judged; sluice test tells what a rule said in a test, with the values."

/** A working tree is read where it lies, and no more of it than is asked for. */
const limits = { files: 200_000, fileBytes: 32 * 1024 * 1024 }

const refuse = (detail: string, hint: string) => new Failures({ errors: [InvalidSpec.make({ detail, hint })] })

const posix = (from: string, to: string): string => relative(from, to).split(sep).join("/")

const withPolicies = (delivery: Delivery, paths: ReadonlyArray<string>): Delivery => ({
  ...delivery,
  spec: { ...delivery.spec, policy: { ...delivery.spec.policy, paths } }
})

const withVersion = (subject: Subject, version: string): Subject => ({
  ...subject,
  delivery: {
    ...subject.delivery,
    spec: {
      ...subject.delivery.spec,
      policy: { ...subject.delivery.spec.policy, regoVersion: version === "v0" ? "v0" : "v1" }
    }
  }
})

/** A folder, or one file, becomes a delivery with everything at its default, named after it. */
const pathSubject = Effect.fnUntraced(function*(path: string) {
  const files = yield* FileSystem.FileSystem
  const place = yield* Effect.mapError(
    files.realPath(resolve(path)),
    () => refuse(`${path}: there is no such file or folder`, "Name a folder of manifests, a kustomization or a chart.")
  )
  const { type } = yield* Effect.orDie(files.stat(place))
  if (type !== "Directory" && !/\.(ya?ml|json)$/iu.test(place)) {
    return yield* refuse(
      `${path}: is neither a folder nor a YAML or JSON file`,
      "Name a folder, or a file of manifests."
    )
  }
  const root = yield* repositoryRoot(place, ".")
  const text = type === "File" ? yield* Effect.orElseSucceed(files.readFileString(place), () => "") : ""
  const name = basename(place).toLowerCase().replace(/\.ya?ml$/u, "").replace(/[^a-z0-9-]+/gu, "-").slice(0, 53)
    .replace(/^-+|-+$/gu, "")
  const delivery = Schema.decodeSync(Delivery)({
    apiVersion,
    kind: "Delivery",
    metadata: { name: name === "" ? "folder" : name },
    spec: { source: { git: { url: root, branch: "HEAD" } }, path: posix(root, place) }
  })
  return {
    told: path,
    delivery,
    root,
    isGiven: true,
    changesets: changesetsIn(posix(root, place), text),
    guards: Effect.succeed([]),
    isLoose: !(yield* Effect.orDie(files.exists(join(root, ".git"))))
  } satisfies Subject
})

const fileSubjects = Effect.fnUntraced(function*(file: string) {
  const { read } = yield* Effect.promise(() => import("./DeliveryFile.ts"))
  const given = yield* read(file)
  const { deliveries, warnings } = given
  for (const warning of warnings) yield* print.warning(warning)
  const root = yield* repositoryRoot(".", ".")
  const guardsOf = given.bundles.length === 0
    ? undefined
    : yield* Effect.flatMap(Effect.promise(() => import("./checkGuards.ts")), (it) => it.checkGuards(given))
  return deliveries.map((delivery): Subject => ({
    told: nameOf(delivery),
    delivery,
    root,
    isGiven: false,
    guards: guardsOf?.(delivery).current ?? Effect.succeed([]),
    isLoose: false
  }))
})

/** The policies of `--policy DIR`, wherever they are. */
const givenPolicies = Effect.fnUntraced(function*(delivery: Delivery, folders: ReadonlyArray<string>) {
  const [files, policy] = [yield* FileSystem.FileSystem, yield* Policy]
  const sets = yield* Effect.forEach(folders, (given) =>
    Effect.gen(function*() {
      const folder = yield* files.realPath(resolve(given)).pipe(
        Effect.mapError(() => refuse(`--policy ${given}: there is no such folder`, "Name a folder of Rego policies."))
      )
      const root = yield* repositoryRoot(folder, ".")
      const artifact = yield* folderArtifact(root, limits)
      const path = posix(root, folder)
      if (!(yield* mayHoldPolicies(artifact, path))) {
        return yield* refuse(
          `--policy ${given}: holds no policies`,
          "Name a folder of Rego, or of Gatekeeper's templates."
        )
      }
      return yield* policy.load(withPolicies(delivery, [path]), artifact)
    }))
  const [only] = sets
  return sets.length === 1 && only !== undefined
    ? only
    : policySet(sets.flatMap(({ bundles }) => bundles), sets.flatMap(({ waivers }) => waivers))
})

/** The policies of `--library NAME`, which a repository may waive. */
const libraryOf = Effect.fnUntraced(function*(names: ReadonlyArray<string>) {
  const resource: PolicyBundle = {
    apiVersion,
    kind: "PolicyBundle",
    metadata: { name: "library" },
    spec: { source: { library: names, interval: "1m" }, enforcement: "default" }
  }
  const loaded = yield* Effect.mapError(
    (yield* Policy).bundle(resource, undefined),
    (error) =>
      new Failures({ errors: [retold(error, { detail: error.detail.replace(/^source\.library:/u, "--library:") })] })
  )
  return loaded.bundle
})

const policiesOf = Effect.fnUntraced(function*(subject: Subject, artifact: Artifact, folders: ReadonlyArray<string>) {
  const { delivery, isGiven } = subject
  if (folders.length > 0) return yield* givenPolicies(delivery, folders)
  if (!isGiven) return yield* (yield* Policy).load(delivery, artifact)
  const found = yield* nearestPolicies(artifact, delivery.spec.path)
  // Without Rego there may still be waivers, at the root.
  return yield* (yield* Policy).load(found === undefined ? delivery : withPolicies(delivery, [found]), artifact)
})

interface Judged {
  readonly report: CheckReport
  /** False where there are no policies. */
  readonly isJudged: boolean
  /** The lines of manifests and rules, where they are asked for. */
  readonly shown: ReadonlyMap<Violation, Shown>
  /** What `--trace` asks for. */
  readonly traced: string
  readonly advice: Advice
}

/** What is asked of every subject alike. */
interface Asked {
  readonly given: Given
  readonly library: ReadonlyArray<Bundle>
  /** Of compiled policies. */
  readonly cacheDirectory: string
}

const judge = Effect.fnUntraced(function*(subject: Subject, { cacheDirectory, given, library }: Asked) {
  const folders = given.texts.policy ?? []
  const [render, policy] = [yield* Render, yield* Policy]
  const artifact = yield* folderArtifact(subject.root, limits)
  // The policies first: their thread starts and they compile while the objects are rendered.
  const own = yield* policiesOf(subject, artifact, folders)
  const set = policySet([...library, ...yield* subject.guards, ...own.bundles], own.waivers)
  const isJudged = set.bundles.length > 0
  const shownOn = ({ violations }: CheckReport): Effect.Effect<Judged["shown"]> =>
    given.switches.has("explain")
      ? shownOf(violations, ofArtifact(artifact), ofPolicies(set))
      : Effect.succeed(new Map())
  if (subject.changesets !== undefined) {
    const report = yield* checkChangesets(subject.told, subject.changesets, set)
    const advice = { ...yield* adviceOn(set, false), later: [] }
    return { report, isJudged, shown: yield* shownOn(report), traced: "", advice } satisfies Judged
  }
  const closure = yield* Effect.mapError(render.closure(subject.delivery, artifact), (error) => {
    if (!subject.isLoose || error.hint !== stayInside) return error
    const { detail, origin } = error
    return RenderFailed.make({ detail, hint: loose, ...origin === undefined ? {} : { origin } })
  })
  const rendered = yield* render.render(subject.delivery, closure, Effect.succeed(assumed))
  const report = isJudged ? ofDecision(yield* policy.objects(set, rendered)) : ofObjects(rendered.manifests.length)
  const rule = textOf(given, "trace")
  const traced = rule === undefined
    ? ""
    : yield* (yield* Effect.promise(() => import("./trace.ts"))).traceText(
      rule,
      { set, rendered, violations: report.violations, cacheDirectory },
      painting(process.stderr)
    )
  const advice = yield* adviceOn(set, !subject.isGiven)
  return { report, isJudged, shown: yield* shownOn(report), traced, advice } satisfies Judged
})

/** One folder that cannot be judged does not hide what is found in the others. */
const told = (error: StageError | Failures): Effect.Effect<Judged> => {
  const errors = error instanceof Failures ? error.errors : [error]
  return Effect.as(print.errors(errors), {
    report: merge(errors.map(ofError)),
    isJudged: true,
    shown: new Map(),
    traced: "",
    advice: noAdvice
  })
}

/** Renders and judges, without a cluster. Answers the exit code: 0 passed, 1 denied, 2 could not answer. */
export const check = Effect.fn("check")(function*(given: Given) {
  const file = textOf(given, "file")
  if (given.operands.length > 0 && file !== undefined) {
    return yield* refuse("folders and -f exclude each other", "Name folders, or a file of Deliveries.")
  }
  const cacheDirectory = join((yield* settings).cacheDirectory, "policies")
  const outputs = yield* outputsOf(given.texts.output ?? [], formats)
  const found = file === undefined
    ? yield* Effect.forEach(given.operands.length === 0 ? ["."] : given.operands, pathSubject)
    : yield* fileSubjects(file)
  const sample = found.find(({ changesets }) => changesets !== undefined)
  if (sample !== undefined && given.texts.trace !== undefined) {
    return yield* refuse(`--trace tells of manifests, and ${sample.told} is a changeset`, untraced)
  }
  const library = given.texts.library === undefined ? [] : [yield* libraryOf(given.texts.library)]
  const version = textOf(given, "rego-version")
  const subjects = version === undefined ? found : found.map((subject) => withVersion(subject, version))
  const judged = yield* Effect.forEach(
    subjects,
    (subject) => judge(subject, { given, library, cacheDirectory }).pipe(Effect.catch(told)),
    { concurrency: 2 }
  )
  const unjudged = subjects.filter((_, index) => judged[index]?.isJudged === false).map((subject) => subject.told)
  if (unjudged.length > 0) {
    const names = unjudged.length > 3 ? `${unjudged.length} of ${subjects.length} paths` : unjudged.join(", ")
    yield* print.warning(`${names}: no policies, so nothing was judged`, file === undefined ? noPolicies : noPaths)
  }
  yield* tell(judged.map((one) => one.advice))
  const report = merge(judged.map((one) => one.report))
  const shown = new Map(judged.flatMap(({ shown }) => Array.from(shown)))
  const table = () => import("./report/explained.ts").then(({ explained }) => explained(shown))
  yield* write(report, outputs, given.switches.has("explain") ? { ...formats, table } : formats)
  const traced = judged.map((one) => one.traced).filter((text) => text !== "")
  if (traced.length > 0) yield* print.aside(traced.join("\n\n"))
  return exitCode(report)
})
