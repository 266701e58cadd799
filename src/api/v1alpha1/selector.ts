import type { LabelSelector } from "./PolicyBundle.ts"

type Requirement = NonNullable<LabelSelector["matchExpressions"]>[number]

const holds = ({ key, operator, values = [] }: Requirement, labels: Readonly<Record<string, string>>): boolean => {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value)
    case "NotIn":
      return value === undefined || !values.includes(value)
    case "Exists":
      return value !== undefined
    case "DoesNotExist":
      return value === undefined
  }
}

/** Whether labels are selected, by the rules of metav1.LabelSelector: all of it holds; an empty one selects everything. */
export const selects = (selector: LabelSelector | undefined, labels: Readonly<Record<string, string>>): boolean =>
  Object.entries(selector?.matchLabels ?? {}).every(([key, value]) =>
    Object.hasOwn(labels, key) && labels[key] === value
  ) &&
  (selector?.matchExpressions ?? []).every((requirement) => holds(requirement, labels))
