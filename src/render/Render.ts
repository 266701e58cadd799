import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { Artifact } from "../domain/Artifact.ts"
import type { Capabilities } from "../domain/Health.ts"
import type { Rendered } from "../domain/Manifest.ts"
import type { RenderError } from "../domain/StageError.ts"

/** Everything that a delivery reads of an artifact: each path resolved and checked before any program sees it. */
export interface Closure {
  readonly artifact: Artifact
  readonly renderer: "kustomize" | "helm" | "plain"
  /** Path in the artifact to content id. */
  readonly files: ReadonlyMap<string, string>
  /** Of the files' paths and ids, and of what the delivery says about rendering. */
  readonly digest: string
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
}>()("sluice/render/Render") {}
