import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { apiVersion, Delivery } from "../api/v1alpha1/Delivery.ts"
import { at, type JsonObject } from "../domain/Json.ts"
import type { Manifest } from "../domain/Manifest.ts"
import { InvalidSpec, RenderFailed } from "../domain/StageError.ts"
import { folderArtifact } from "../fetch/folder.ts"
import { Render } from "../render/Render.ts"
import { installationLabel } from "./books.ts"
import { inStages } from "./stages.ts"

export const overlays = ["quickstart", "production", "multi-tenant"] as const
export type Overlay = (typeof overlays)[number]

/** The image as the base names it; its tag is the version. */
export const imageName = "registry.sluice.dev/sluice"

export interface Wanted {
  readonly overlay: string
  readonly namespace: string
  /** Instead of the version's own. */
  readonly image: string | undefined
  /** Whether objects say that they are part of an installation: what is exported does not. */
  readonly isMarked: boolean
}

/** `deploy` of this checkout or package. */
const shipped = fileURLToPath(new URL("../../deploy", import.meta.url))
const folders = ["base", "components", "overlays"]
const limits = { files: 10_000, fileBytes: 8 * 1024 * 1024 }

const reference = /^((?:[a-z0-9.-]+(?::\d+)?\/)?[a-z0-9._/-]+?)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}))?$/u

const imageOf = (image: string) => {
  const [whole, newName, newTag, digest] = reference.exec(image) ?? []
  if (whole === undefined || newName === undefined) {
    return Effect.fail(
      new InvalidSpec({
        detail: `--image ${JSON.stringify(image)} is no image`,
        hint: "Write it as registry.example.com/sluice:0.1.0, or with @sha256:…"
      })
    )
  }
  return Effect.succeed({
    name: imageName,
    newName,
    ...digest === undefined ? { newTag: newTag ?? "latest" } : { digest }
  })
}

const unusable = ({ message }: { readonly message: string }) =>
  new RenderFailed({ detail: `the overlay cannot be kept: ${message}`, class: "transient" })

const imagesIn = (object: JsonObject): ReadonlyArray<unknown> => {
  const containers = at(object, "spec", "template", "spec", "containers")
  return Array.isArray(containers) ? containers.map((container) => at(container, "image")) : []
}

/**
 * The objects of an overlay of this package, rendered by kustomize, in the order of their stages. Namespace, image and
 * mark are set by kustomize too, in a kustomization around the overlay.
 */
export const render = Effect.fn("install.render")(function*({ image, isMarked, namespace, overlay }: Wanted) {
  const [files, renderer] = [yield* FileSystem.FileSystem, yield* Render]
  const images = image === undefined ? [] : [yield* imageOf(image)]
  const root = yield* Effect.mapError(files.makeTempDirectoryScoped({ prefix: "sluice-install-" }), unusable)
  yield* Effect.gen(function*() {
    for (const folder of folders) {
      const from = join(shipped, folder)
      if (yield* files.exists(from)) yield* files.copy(from, join(root, folder))
    }
    yield* files.makeDirectory(join(root, "install"))
    const kustomization = {
      apiVersion: "kustomize.config.k8s.io/v1beta1",
      kind: "Kustomization",
      resources: [`../overlays/${overlay}`],
      namespace,
      images,
      ...isMarked ? { labels: [{ pairs: { [installationLabel]: namespace }, includeSelectors: false }] } : {}
    }
    yield* files.writeFileString(join(root, "install", "kustomization.yaml"), JSON.stringify(kustomization))
  }).pipe(Effect.mapError(unusable))
  const delivery = Schema.decodeSync(Delivery)({
    apiVersion,
    kind: "Delivery",
    metadata: { name: `install-${overlay}`, namespace },
    spec: { source: { git: { url: root, branch: "HEAD" } }, path: "install" }
  })
  const artifact = yield* folderArtifact(root, limits)
  const closure = yield* renderer.closure(delivery, artifact)
  const { manifests } = yield* renderer.render(delivery, closure, Effect.succeed({ version: "", apiVersions: [] }))
  const agent = manifests.find(({ ref }) => ref.kind === "StatefulSet" && ref.group === "apps")
  const found = agent === undefined ? [] : imagesIn(agent.object)
  if (image !== undefined && !found.includes(image) && !found.includes(`${image}:latest`) && !/@/u.test(image)) {
    return yield* new RenderFailed({ detail: `no container of the overlay ${overlay} takes the image ${imageName}` })
  }
  return inStages<Manifest>(manifests).flat()
}, Effect.scoped)
