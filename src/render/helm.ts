import * as Effect from "effect/Effect"
import { join, posix } from "node:path"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { Capabilities } from "../domain/Health.ts"
import { at, isJsonObject, type Json } from "../domain/Json.ts"
import { displayOrigin, type Origin } from "../domain/Manifest.ts"
import { display, key, ofObject } from "../domain/ObjectRef.ts"
import { RenderFailed } from "../domain/StageError.ts"
import type { Candidate } from "./assemble.ts"
import type { Refusal } from "./child.ts"
import type { SourceDocument } from "./Reader.ts"
import type { Workspace } from "./workspace.ts"

/** How `helm template` is called; the inline values go to its standard input, as the last values file. */
export const command = (
  delivery: Delivery,
  workspace: Workspace,
  chart: string,
  values: ReadonlyArray<string>,
  capabilities: Capabilities & { readonly validates: boolean }
) => {
  const { helm } = delivery.spec
  const inline = helm?.values === undefined ? undefined : JSON.stringify(helm.values)
  const groups: Array<ReadonlyArray<string>> = []
  for (let from = 0; from < capabilities.apiVersions.length; from += 100) {
    groups.push(["--api-versions", capabilities.apiVersions.slice(from, from + 100).join(",")])
  }
  return {
    arguments: [
      "template",
      helm?.releaseName ?? delivery.metadata.name,
      join(workspace.tree, chart),
      "--namespace",
      delivery.metadata.namespace,
      "--include-crds",
      "--kube-version",
      capabilities.version,
      ...capabilities.validates ? [] : ["--skip-schema-validation"],
      ...groups.flat(),
      ...values.flatMap((path) => ["--values", join(workspace.tree, path)]),
      ...inline === undefined ? [] : ["--values", "-"]
    ],
    ...inline === undefined ? {} : { input: inline }
  }
}

/** The file of the repository behind `<chart>/templates/x.yaml`, as helm names it. */
export const repositoryPath = (chart: string, source: string, files: ReadonlyMap<string, string>): string => {
  const path = posix.join(chart, source.slice(source.indexOf("/") + 1))
  if (files.has(path)) return path
  // a packaged subchart: the archive is the file that a person can open
  const packaged = /^(.*\/charts\/)([^/]+)\//u.exec(path)
  const archive = packaged === null
    ? undefined
    : [...files.keys()].find((file) => file.startsWith(`${packaged[1]}${packaged[2]}-`) && file.endsWith(".tgz"))
  return archive ?? posix.join(chart, "Chart.yaml")
}

const hookOf = (value: Json): ReadonlyArray<string> => {
  const hook = at(value, "metadata", "annotations", "helm.sh/hook")
  return typeof hook === "string" ? hook.split(",").map((word) => word.trim()).filter((word) => word !== "") : []
}

/** The objects of helm's output with the template of each; tests are dropped, other hooks refused. */
export const origins = Effect.fnUntraced(function*(
  documents: ReadonlyArray<SourceDocument>,
  chart: string,
  files: ReadonlyMap<string, string>
) {
  const candidates: Array<Candidate> = []
  let file = posix.join(chart, "Chart.yaml")
  for (const { value, piece } of documents) {
    const source = /^---\n# Source: (.+)\n/u.exec(piece.text)?.[1]
    if (source !== undefined) file = repositoryPath(chart, source, files)
    const hooks = hookOf(value)
    if (hooks.length > 0 && hooks.every((hook) => hook.startsWith("test"))) continue
    if (hooks.length > 0) {
      return yield* new RenderFailed({
        detail: `${display(ofObject(value))} is a hook (${hooks.join(", ")}); hooks are not supported yet`,
        hint: "Remove the annotation helm.sh/hook, or switch the hook off in the chart's values.",
        origin: { file }
      })
    }
    candidates.push({ value, origin: { file } })
  }
  return candidates
})

/** A chart that renders differently each time would change the cluster at every run: the first object that differs. */
export const difference = (
  first: ReadonlyArray<Candidate>,
  second: ReadonlyArray<Candidate>
): RenderFailed | undefined => {
  const texts = new Map(second.map(({ value }) => [key(ofObject(value)), JSON.stringify(value)]))
  for (const { value, origin } of first) {
    if (texts.get(key(ofObject(value))) === JSON.stringify(value) || !isJsonObject(value)) continue
    return new RenderFailed({
      detail: `${display(ofObject(value))} is different each time ${displayOrigin(origin)} is rendered`,
      hint: "Random passwords, certificates and dates belong in a Secret that the values name, not in a template.",
      origin
    })
  }
  return undefined
}

/** What helm says of a chart that does not render, with the template's place where it names one. */
export const failed = (
  error: Refusal,
  words: string,
  chart: string,
  files: ReadonlyMap<string, string>,
  placeIn: (text: string, files: ReadonlyMap<string, string>) => Origin | undefined
): RenderFailed => {
  const name = /\(?([\w.-]+\/(?:charts\/[\w.-]+\/)*templates\/[\w./-]+)(?::(\d+))?(?::(\d+))?/u.exec(words)
  const template = name === null ? undefined : repositoryPath(chart, name[1]!, files)
  const origin = template === undefined
    ? placeIn(words, files)
    : {
      file: template,
      ...name?.[2] === undefined ? {} : { line: Number(name[2]) },
      ...name?.[3] === undefined ? {} : { column: Number(name[3]) }
    }
  return new RenderFailed({
    detail: `helm: ${words || `exit code ${error.exitCode}`}`,
    ...origin === undefined ? {} : { origin }
  })
}
