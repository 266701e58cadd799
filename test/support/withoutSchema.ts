import { readFileSync } from "node:fs"
import { join } from "node:path"
import { parse } from "yaml"
import type { JsonObject } from "../../src/domain/Json.ts"
import type { ControlPlane } from "./ControlPlane.ts"

/** Does something while the API server takes any nonsense of a kind of ours in a namespace, as under older definitions. */
export const withoutSchema = async (
  plane: ControlPlane,
  { kind, namespace, plural }: { readonly kind: string; readonly plural: string; readonly namespace: string },
  work: () => Promise<unknown>
): Promise<void> => {
  const definition = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural}.sluice.dev`
  const file = join(import.meta.dirname, "..", "..", "deploy", "base", "crds", `${plural}.yaml`)
  const strict = parse(readFileSync(file, "utf8")) as JsonObject
  const lax = structuredClone(strict) as { readonly spec: { readonly versions: [{ schema: unknown }] } }
  lax.spec.versions[0].schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } }

  const define = async (crd: object, takesNonsense: boolean) => {
    const { metadata } = await plane.request("GET", definition) as { metadata: object }
    await plane.request("PUT", definition, { ...crd, metadata })
    const path = `/apis/sluice.dev/v1alpha1/namespaces/${namespace}/${plural}?dryRun=All`
    const probe = { apiVersion: "sluice.dev/v1alpha1", kind, metadata: { name: "probe" }, spec: 7 }
    for (;;) {
      const took = await plane.request("POST", path, probe).then(() => true, () => false)
      if (took === takesNonsense) return
    }
  }
  await define(lax, true)
  await work()
  await define(strict, false)
}
