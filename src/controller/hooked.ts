import * as Effect from "effect/Effect"
import { type Delivery, nameOf } from "../api/v1alpha1/Delivery.ts"
import { normalizedRepository } from "../domain/repositoryAddress.ts"
import { Secrets } from "../kube/Secrets.ts"
import { Hooks } from "../server/Hooks.ts"

/**
 * Lets webhooks in that are signed with the Secret that the source names, until the scope closes. A Secret that is missing
 * or of no use is told in the log: polling goes on without it.
 */
export const hooked = Effect.fnUntraced(function*(delivery: Delivery) {
  const { git, webhook } = delivery.spec.source
  const repository = normalizedRepository(git.url)
  if (webhook === undefined || repository === undefined) return
  const [hooks, secrets] = [yield* Hooks, yield* Secrets]
  const { name } = webhook.secretRef
  const { metadata: { name: own, namespace } } = delivery
  yield* Effect.gen(function*() {
    const values = yield* secrets.get(name)
    const { signingToken, token } = values ?? {}
    yield* hooks.register({
      namespace,
      name: own,
      repository,
      secrets: {
        ...token === undefined ? {} : { token },
        ...signingToken === undefined ? {} : { signingToken }
      }
    })
  }).pipe(
    Effect.catch(({ message }) =>
      Effect.logWarning(`${nameOf(delivery)}: no webhook is let in; Secret ${name}: ${message}`)
    )
  )
})
