import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { type Delivery, nameOf } from "../api/v1alpha1/Delivery.ts"
import { normalizedRepository } from "../domain/repositoryAddress.ts"
import { Secrets } from "../kube/Secrets.ts"
import { Hooks } from "../server/Hooks.ts"

/** How long before a Secret that could not be read is read again: a second, and ever longer. */
const slower = Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("1 minute")])

/**
 * Lets webhooks in that are signed with the Secret that the source names, until the scope closes. A Secret that
 * cannot be read is told in the log, and tried again: polling goes on without it.
 */
export const hooked = Effect.fnUntraced(function*(delivery: Delivery) {
  const { git, webhook } = delivery.spec.source
  const repository = normalizedRepository(git.url)
  if (webhook === undefined || repository === undefined) return
  const [hooks, secrets] = [yield* Hooks, yield* Secrets]
  const { name } = webhook.secretRef
  const { metadata: { name: own, namespace } } = delivery
  const register = Effect.gen(function*() {
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
  })
  yield* register.pipe(
    Effect.catch(({ message }) =>
      Effect.logWarning(`${nameOf(delivery)}: no webhook is let in yet; Secret ${name}: ${message}`).pipe(
        Effect.andThen(Effect.forkScoped(Effect.delay(Effect.retry(register, slower), "1 second")))
      )
    )
  )
})
