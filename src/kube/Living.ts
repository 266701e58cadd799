import * as Context from "effect/Context"

/**
 * Whether the delivery that a label's value names is there: what one left behind that is gone may be adopted. Whoever does
 * not know all deliveries takes each for living.
 */
export const Living = Context.Reference<(label: string) => boolean>("sluice/kube/Living", {
  defaultValue: () => () => true
})
