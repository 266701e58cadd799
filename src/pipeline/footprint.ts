import { posix } from "node:path"
import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { Tree } from "./Tree.ts"

const folderOf = (path: string): string => {
  const folder = posix.dirname(path)
  return folder === "." ? "" : folder
}

/** Where policies are if a delivery does not say. */
const defaultPolicies = "policies"

/**
 * Every path whose change could make another tree of a delivery than this one: the files that it was read from and the
 * folders that they are in. More than needed, never less: where one of them changed, the tree is read again.
 */
export const footprintOf = ({ spec }: Delivery, { closure, policies }: Tree): ReadonlySet<string> => {
  const files = [
    ...closure.files.keys(),
    // The platform's are of another repository.
    ...policies.bundles.filter(({ origin }) => origin !== "bundle").flatMap(({ files }) =>
      files.map(({ path }) => path)
    )
  ]
  const folders = [spec.path, closure.path, ...spec.policy.paths ?? [defaultPolicies]]
    .map((path) => posix.normalize(path).replace(/^(\.?\/)+|\/+$|^\.$/gu, ""))
  return new Set([...files, ...files.map(folderOf), ...folders])
}

/** Whether none of the changed paths (files, and the folders above them) is in a footprint. */
export const isOutside = (footprint: ReadonlySet<string>, changed: ReadonlySet<string>): boolean =>
  changed.size < footprint.size
    ? changed.values().every((path) => !footprint.has(path))
    : footprint.values().every((path) => !changed.has(path))
