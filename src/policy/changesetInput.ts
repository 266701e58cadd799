import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { Change, Changeset } from "../domain/Changeset.ts"
import { maskSecret } from "../domain/mask.ts"
import type { ObjectRef } from "../domain/ObjectRef.ts"
import type { PolicyChange } from "../domain/PoliciesInForce.ts"
import type { Commit } from "../domain/Revision.ts"
import { type ChangesetDocument, type Operation, policyFile, type Trigger } from "./ChangesetDocument.ts"
import * as Document from "./Document.ts"

/** What is known of a changeset beside what it changes. */
export interface Occasion {
  readonly trigger: Trigger
  readonly dryRun: boolean
  readonly delivery: { readonly namespace: string; readonly name: string; readonly path: string }
  /** As the cluster says it: `v1.36.1`. */
  readonly kubernetesVersion: string
  readonly source: {
    /** Without credentials. */
    readonly repository: string
    readonly ref: string
    readonly revision: string
    readonly previousRevision: string | undefined
    readonly commit: Commit | undefined
  }
  /** What the revision does to the policies of its repository. */
  readonly policyFiles: ReadonlyArray<PolicyChange>
}

/** The changes that are judged, and what they are known by. */
export type Judged = Pick<Changeset, "changes" | "digest">

/** Without the objects that were only shown to policies: an apply, and a wait for health, need none of them. */
export const lean = <A extends Judged>(changeset: A): A =>
  Object.assign({}, changeset, {
    changes: changeset.changes.map((change) => {
      const { after: _after, before: _before, ...rest } = change
      return rest
    })
  })

const maximumMessage = 8_192

/** `apps/Deployment/shop/web`. */
export const operationId = ({ group, kind, name, namespace }: ObjectRef): string =>
  `${group}/${kind}/${namespace}/${name}`

export const policyId = (path: string): string => `${policyFile.group}/${policyFile.kind}//${path}`

const operationOf = (change: Change, key: string | Uint8Array): Operation => {
  const { action, after, apiVersion, before, fields, manifest, ref, takesFrom, unproven } = change
  const isChange = action !== "unchanged"
  // The API server's answers are masked already.
  const object = after ?? (manifest === undefined ? null : maskSecret(manifest.object, key))
  return {
    id: operationId(ref),
    op: action,
    gvk: { group: ref.group, version: apiVersion.slice(apiVersion.indexOf("/") + 1), kind: ref.kind },
    scope: ref.namespace === "" ? "Cluster" : "Namespaced",
    namespace: ref.namespace,
    name: ref.name,
    object: isChange ? object : null,
    oldObject: isChange ? before ?? null : null,
    fields,
    takesFrom,
    ...unproven === undefined ? {} : { unproven },
    source: manifest?.origin ?? null
  }
}

const policyOperation = ({ op, path }: PolicyChange): Operation => ({
  id: policyId(path),
  op,
  gvk: policyFile,
  scope: "Cluster",
  namespace: "",
  name: path,
  object: null,
  oldObject: null,
  fields: [],
  takesFrom: [],
  source: op === "delete" ? null : { file: path }
})

const share = (part: number, whole: number): number => whole === 0 ? 0 : part / whole

const summaryOf = (changes: ReadonlyArray<Change>): ChangesetDocument["summary"] => {
  const counts = { create: 0, update: 0, delete: 0, replace: 0, unchanged: 0 }
  for (const { action } of changes) counts[action]++
  const existing = changes.length - counts.create
  return {
    ...counts,
    total: changes.length,
    shares: {
      changed: share(counts.update, existing),
      deleted: share(counts.delete, existing),
      replaced: share(counts.replace, existing)
    }
  }
}

const nobody = { name: "", email: "" }

const sourceOf = ({ commit, previousRevision, ...source }: Occasion["source"]) => ({
  ...source,
  previousRevision: previousRevision ?? null,
  author: commit?.author ?? nobody,
  committer: commit?.committer ?? nobody,
  message: commit?.message.slice(0, maximumMessage).toWellFormed() ?? "",
  // Nobody verifies them yet: a policy that asks for a verified one denies.
  signature: { present: commit?.isSigned ?? false, verified: false }
})

/** Everything but the operations. `now`: milliseconds since the epoch. */
const head = ({ changes, digest }: Judged, occasion: Occasion, now: number): Omit<ChangesetDocument, "operations"> => ({
  apiVersion: "policy.sluice.dev/v1alpha1",
  kind: "Changeset",
  changeset: {
    id: digest,
    trigger: occasion.trigger,
    dryRun: occasion.dryRun,
    evaluatedAt: DateTime.formatIso(DateTime.makeUnsafe(now)),
    // Exact: a double prints so many digits as it needs, and these are thirteen and six zeros.
    evaluatedAtNs: now * 1_000_000,
    delivery: occasion.delivery,
    cluster: { kubernetesVersion: occasion.kubernetesVersion.replace(/^v/u, "") },
    source: sourceOf(occasion.source)
  },
  summary: summaryOf(changes)
})

/** Characters that are written at once: other fibers go on between. */
const slice = 500_000

/**
 * What the rules on changesets see, as text. It is written piece by piece, so that the event loop never waits for a large
 * one; one of more than `most` characters is not written to its end, and undefined.
 */
export const changesetInput = Effect.fnUntraced(
  function*(judged: Judged, occasion: Occasion, key: string | Uint8Array, now: number, most: number) {
    const { changeset, kind, ...rest } = head(judged, occasion, now)
    const operations: Array<string> = []
    let [written, since] = [0, 0]
    const write = (operation: Operation) => {
      const text = JSON.stringify(operation)
      operations.push(text)
      written += text.length + 1
      since += text.length
    }
    for (const change of judged.changes) {
      write(operationOf(change, key))
      if (written > most) return undefined
      if (since > slice) {
        since = 0
        yield* Effect.yieldNow
      }
    }
    occasion.policyFiles.forEach((file) => write(policyOperation(file)))
    const text = JSON.stringify({ ...rest, kind, changeset })
    const document: Document.Document = {
      judges: "changeset",
      json: `${text.slice(0, -1)},"operations":[${operations.join(",")}]}`,
      identity: Document.identityOfChangeset(kind, changeset.id, operations.length)
    }
    return document
  }
)
