import * as Effect from "effect/Effect"
import { posix } from "node:path"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import { at, isJsonObject, type Json } from "../domain/Json.ts"
import { RenderFailed } from "../domain/StageError.ts"
import type { Reader } from "./Reader.ts"
import type { Tree } from "./Tree.ts"

const most = 10_000

/** Never part of a chart: helm would read them into memory for nothing. */
const noise = /(^|\/)(\.git|\.svn|\.hg|node_modules)(\/|$)/u

const text = (value: Json | undefined) => typeof value === "string" ? value : ""

/** The values files of a delivery, as paths of the repository: a leading slash means its root. */
export const valuesFiles = Effect.fnUntraced(function*(tree: Tree, delivery: Delivery, chart: string) {
  const asker = { file: posix.join(chart, "Chart.yaml") }
  const paths: Array<{ readonly path: string; readonly id: string }> = []
  for (const said of delivery.spec.helm?.valuesFiles ?? []) {
    const path = yield* Effect.mapError(
      said.startsWith("/") ? tree.resolve("", said.slice(1), asker) : tree.resolve(chart, said, asker),
      ({ detail }) => new RenderFailed({ detail: `helm.valuesFiles: ${detail}`, hint: "Mend the Delivery." })
    )
    const entry = yield* tree.entry(path)
    if (entry?.kind !== "file") {
      return yield* new RenderFailed({
        detail: `helm.valuesFiles: there is no file ${path}`,
        hint: "Paths start at the chart's folder, or at the root of the repository with a leading slash."
      })
    }
    paths.push({ path, id: entry.id })
  }
  return paths
})

/** Everything that helm reads of a chart: its folder and the values files. Its dependencies have to lie in `charts/`. */
export const helmClosure = Effect.fnUntraced(function*(tree: Tree, reader: Reader, delivery: Delivery, chart: string) {
  const closure = new Map<string, string>()
  for (const { path, id, kind } of yield* tree.walk(chart)) {
    if (kind !== "file" || noise.test(path.slice(chart.length))) continue
    if (closure.set(path, id).size > most) {
      return yield* new RenderFailed({ detail: `the chart has more than ${most} files`, origin: { file: chart } })
    }
  }
  const file = posix.join(chart, "Chart.yaml")
  const id = closure.get(file) ?? ""
  const known = reader.known(id)
  const [read] = known !== undefined ? [known] : yield* reader.read([{ id, name: file, text: yield* tree.text(file) }])
  if (read === undefined || "problem" in read) {
    const { detail, line, column } = read!.problem
    return yield* new RenderFailed({ detail, origin: { file, line, column } })
  }
  const dependencies = at(read[0]?.value, "dependencies")
  for (const dependency of Array.isArray(dependencies) ? dependencies as ReadonlyArray<Json> : []) {
    const name = isJsonObject(dependency) ? text(dependency.name) : ""
    const folder = posix.join(chart, "charts", name)
    const vendored = [...closure.keys()].some((path) =>
      path === `${folder}/Chart.yaml` || (path.startsWith(`${folder}-`) && path.endsWith(".tgz"))
    )
    if (!vendored) {
      return yield* new RenderFailed({
        detail: `the dependency ${name} is not in ${
          posix.join(chart, "charts")
        }/, and dependencies are never fetched here`,
        hint: `Run \`helm dependency build ${chart || "."}\` and commit the charts/ folder.`,
        origin: { file }
      })
    }
  }
  for (const { path, id } of yield* valuesFiles(tree, delivery, chart)) closure.set(path, id)
  return closure
})
