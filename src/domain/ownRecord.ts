import type { ObjectRef } from "./ObjectRef.ts"

/** The names that `kube/record.ts` gives, by kind: the head of a record, the chunks after it, and its key. */
const names: Readonly<Record<string, RegExp>> = {
  ConfigMap: /^sluice-.+-(?:inventory|outbox|policies)-(?:0|[1-9]\d{0,2}-[a-z0-9]{1,40})$/u,
  Secret: /^sluice-.+-key-0$/u
}

/**
 * Whether a name is kept for Sluice's own record of a Delivery, in whatever namespace: nobody applies, heals or prunes it.
 * Also where there is no such Delivery: one that comes later would find its record taken.
 */
export const isOwnRecord = ({ group, kind, name }: ObjectRef): boolean =>
  group === "" && Object.hasOwn(names, kind) && names[kind]!.test(name)
