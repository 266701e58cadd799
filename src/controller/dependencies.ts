import { DependencyNotReady, InvalidSpec } from "../domain/StageError.ts"
import { idOf, type LiveDelivery, type Registry } from "./Registry.ts"

/** The Deliveries that have to be ready before this one. */
export const dependenciesOf = ({ namespace, resource }: LiveDelivery): ReadonlyArray<string> =>
  resource.spec.dependsOn.map((dependency) =>
    idOf({ name: dependency.name, namespace: dependency.namespace ?? namespace })
  )

/** The way from a Delivery back to itself, or undefined. */
export const cycleThrough = (known: Registry, start: string): ReadonlyArray<string> | undefined => {
  const seen = new Set<string>()
  const walk = (id: string, path: ReadonlyArray<string>): ReadonlyArray<string> | undefined => {
    const delivery = known.get(id)
    if (delivery === undefined || seen.has(id)) return undefined
    seen.add(id)
    for (const next of dependenciesOf(delivery)) {
      if (next === start) return [...path, next]
      const found = walk(next, [...path, next])
      if (found !== undefined) return found
    }
    return undefined
  }
  return walk(start, [start])
}

/** What is wrong with the dependencies as they are written: a cycle, or another namespace where that is not allowed. */
export const wrongDependencies = (
  known: Registry,
  delivery: LiveDelivery,
  allowCrossNamespace: boolean
): InvalidSpec | undefined => {
  const foreign = delivery.resource.spec.dependsOn.find(({ namespace }) =>
    namespace !== undefined && namespace !== delivery.namespace
  )
  if (foreign !== undefined && !allowCrossNamespace) {
    return new InvalidSpec({
      detail: `spec.dependsOn names ${foreign.namespace}/${foreign.name}, which is in another namespace`,
      hint: "Depend on a Delivery of the same namespace, or start the agent with --allow-cross-namespace."
    })
  }
  const cycle = cycleThrough(known, idOf(delivery))
  return cycle === undefined ? undefined : new InvalidSpec({
    detail: `spec.dependsOn goes round in a circle: ${cycle.join(" -> ")}`,
    hint: "Take one of these dependencies away: as they are, each waits for the other."
  })
}

/** What a Delivery has come to, by its own account. */
export interface Progressed {
  readonly isReady: boolean
  /** The newest revision that it knows of. */
  readonly revision: string | undefined
}

/** What is known of a dependency: its status, of the generation that it has now. */
export const progressOf = ({ generation, status }: LiveDelivery): Progressed => {
  const ready = status.conditions?.find(({ type }) => type === "Ready")
  return {
    isReady: ready?.status === "True" && status.observedGeneration === generation,
    revision: status.source?.revision
  }
}

/**
 * What a Delivery still waits for. A dependency on the same source has to be ready on the same revision: one that is
 * about to be upgraded is not ready yet.
 */
export const awaited = (
  known: Registry,
  delivery: LiveDelivery,
  desired: { readonly revision: string; readonly url: string },
  urlOf: (delivery: LiveDelivery) => string | undefined
): DependencyNotReady | undefined => {
  for (const id of dependenciesOf(delivery)) {
    const dependency = known.get(id)
    if (dependency === undefined) {
      return new DependencyNotReady({
        detail: `waits for ${id}, which does not exist`,
        hint: "Create that Delivery, or take it out of spec.dependsOn: this one goes on the moment it is ready."
      })
    }
    const { isReady, revision } = progressOf(dependency)
    if (!isReady) return new DependencyNotReady({ detail: `waits for ${id}, which is not ready` })
    if (urlOf(dependency) === desired.url && sameRef(revision, desired.revision) && revision !== desired.revision) {
      return new DependencyNotReady({ detail: `waits for ${id}, which is not on ${desired.revision} yet` })
    }
  }
  return undefined
}

/** `main@sha1:…` and `main@sha1:…`: revisions of one branch can be expected to meet. */
const sameRef = (a: string | undefined, b: string): boolean => a?.split("@sha", 1)[0] === b.split("@sha", 1)[0]
