import type { Delivery } from "../api/v1alpha1/Delivery.ts"
import type { Notifier } from "../api/v1alpha1/Notifier.ts"
import { type State, subscriptions } from "./transition.ts"

/** The notifiers of a delivery's own namespace; no other may be used. */
export const own = (
  delivery: Pick<Delivery, "metadata">,
  notifiers: ReadonlyArray<Notifier>
): ReadonlyArray<Notifier> => notifiers.filter(({ metadata }) => metadata.namespace === delivery.metadata.namespace)

/** `<namespace>/<name>` of the notifier of this name in the namespace of a delivery, `<namespace>/<name>` too. */
export const besides = (delivery: string, name: string): string => `${delivery.slice(0, delivery.indexOf("/"))}/${name}`

/** The names of the notifiers that a delivery wants to be told of a state, whether they exist or not. */
export const subscribed = (delivery: Delivery, state: State | "drift"): ReadonlyArray<string> => {
  const words = subscriptions(state)
  const wanted = delivery.spec.notify.filter(({ on }) => words.some((word) => on.includes(word)))
  return [...new Set(wanted.map(({ name }) => name))]
}
