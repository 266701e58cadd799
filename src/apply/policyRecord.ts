import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Inventory } from "../domain/Inventory.ts"
import type { PoliciesInForce } from "../domain/PoliciesInForce.ts"
import { refusedRead } from "../domain/refusal.ts"
import { ApplyFailed, type KubeFailure, PolicyUnavailable } from "../domain/StageError.ts"
import { KubeStatus } from "../kube/KubeStatus.ts"

const Recorded = Schema.fromJsonString(Schema.Struct({
  files: Schema.Array(
    Schema.Struct({ path: Schema.String, content: Schema.Uint8ArrayFromBase64, isWaivers: Schema.Boolean })
  )
}))

const decode = Schema.decodeUnknownEffect(Recorded)
const encode = Schema.encodeEffect(Recorded)

/** Who may edit the Delivery may lift what cannot be read; nobody else may. */
export const lifting = "Change spec.policy of the Delivery (any field of it) to go on without the policies of before."

const unreadable = (why: string, more: Partial<PolicyUnavailable> = {}) =>
  new PolicyUnavailable({
    detail: `the policies in force cannot be read: ${why}`,
    hint: `Restore the ConfigMaps of the delivery's record. ${lifting}`,
    ...more.class === undefined ? {} : { class: more.class },
    ...more.retryAfter === undefined ? {} : { retryAfter: more.retryAfter }
  })

const isPassing = ({ status }: KubeFailure): boolean => status === 0 || status === 429 || status >= 500

/**
 * The policy files of the revision that stands in the cluster. Fails closed: an inventory that says that there are some,
 * and a record without them, is an error.
 */
export const loadPolicies = Effect.fnUntraced(function*() {
  const status = yield* KubeStatus
  const bytes = yield* Effect.mapError(status.load("policies"), (failure) =>
    unreadable(
      failure.detail,
      isPassing(failure)
        ? {
          class: "transient",
          ...failure.retryAfter === undefined ? {} : { retryAfter: failure.retryAfter }
        }
        : {}
    ))
  if (bytes === undefined) return yield* unreadable("their record is gone")
  const { files } = yield* Effect.mapError(
    decode(new TextDecoder().decode(bytes)),
    ({ message }) => unreadable(message)
  )
  return files
})

/** Keeps what comes into force, if it is other than what is; answers what the inventory says of it. */
export const savePolicies = Effect.fnUntraced(function*(inventory: Inventory, next: PoliciesInForce) {
  const { digest, files, spec } = next
  const known = inventory.policies
  // Nothing was in force, and nothing is: no record.
  if (known === undefined && files.length === 0) return undefined
  if (known?.digest !== digest) {
    const status = yield* KubeStatus
    const text = yield* Effect.orDie(encode({ files }))
    yield* Effect.mapError(
      status.save("policies", new TextEncoder().encode(text)),
      (failure) =>
        refusedRead(
          failure,
          undefined,
          (refusal) => new ApplyFailed({ ...refusal, detail: `the policies in force: ${refusal.detail}` })
        )
    )
  }
  return { spec, digest }
})
