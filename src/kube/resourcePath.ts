import type { ResourceKind } from "./KubeReader.ts"

/** What Kubernetes allows as a segment of a path: no `.`, `..`, and neither `/` nor `%` within it. */
const isSegment = (segment: string): boolean =>
  segment.length > 0 && segment.length <= 253 && segment !== "." && segment !== ".." &&
  !/[/%\u0000-\u001f]/u.test(segment)

/**
 * The path of a collection or an object; undefined where a name or namespace could lead to another place, or where a
 * namespace is missing. Names come from repositories: nothing in them may choose what is asked.
 */
export const resourcePath = (
  { apiVersion, namespaced, plural }: ResourceKind,
  namespace: string | undefined,
  name?: string
): string | undefined => {
  if (name !== undefined && !isSegment(name)) return undefined
  if (namespaced && (namespace === undefined ? name !== undefined : !isSegment(namespace))) return undefined
  return [
    apiVersion.includes("/") ? "/apis" : "/api",
    ...apiVersion.split("/"),
    ...namespaced && namespace !== undefined ? ["namespaces", encodeURIComponent(namespace)] : [],
    plural,
    ...name === undefined ? [] : [encodeURIComponent(name)]
  ].join("/")
}
