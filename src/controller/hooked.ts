import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { normalizedRepository } from "../domain/repositoryAddress.ts"
import { Secrets } from "../kube/Secrets.ts"
import { Hooks } from "../server/Hooks.ts"

/** How long before a Secret that could not be read is read again: a second, and ever longer. */
const slower = Schedule.min([Schedule.exponential("1 second"), Schedule.spaced("1 minute")])

/** Whose webhooks are let in. */
export interface Hooked {
  /** Of a Delivery; empty for a PolicyBundle. */
  readonly namespace: string
  readonly name: string
  readonly url: string
  /** The Secret that they are signed with; nobody is let in without. */
  readonly secret: string | undefined
}

/**
 * Lets webhooks in that are signed with a Secret, until the scope closes. A Secret that cannot be read is told in the log,
 * and tried again: polling goes on without it.
 */
export const hooked = Effect.fnUntraced(function*({ name, namespace, secret, url }: Hooked) {
  const repository = normalizedRepository(url)
  if (secret === undefined || repository === undefined) return
  const [hooks, secrets] = [yield* Hooks, yield* Secrets]
  const register = Effect.gen(function*() {
    const values = yield* secrets.get(secret)
    const { signingToken, token } = values ?? {}
    yield* hooks.register({
      namespace,
      name,
      repository,
      secrets: {
        ...token === undefined ? {} : { token },
        ...signingToken === undefined ? {} : { signingToken }
      }
    })
  })
  const who = namespace === "" ? `PolicyBundle ${name}` : `${namespace}/${name}`
  yield* register.pipe(
    Effect.catch(({ message }) =>
      Effect.logWarning(`${who}: no webhook is let in yet; Secret ${secret}: ${message}`).pipe(
        Effect.andThen(Effect.forkScoped(Effect.delay(Effect.retry(register, slower), "1 second")))
      )
    )
  )
})
