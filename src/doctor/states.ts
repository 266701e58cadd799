import { oneLine } from "../domain/plainText.ts"
import { type Examined, nameOf, some } from "./Examined.ts"
import { failed, type Finding, ok, warning } from "./Finding.ts"

const longest = 300

/** Whether the platform's guardrails judge: one that cannot be loaded holds up whom it selects. */
export const judgeBundles = (bundles: ReadonlyArray<Examined>): ReadonlyArray<Finding> => {
  const wrong = bundles.filter(({ ready }) => ready?.status !== "True")
  const findings = wrong.map((one) =>
    one.ready === undefined
      ? warning(
        "policies",
        `PolicyBundle ${one.name} was not looked at yet`,
        "The agent does that: see what is said of it."
      )
      : failed(
        "policies",
        oneLine(`PolicyBundle ${one.name} does not judge: ${one.ready.reason}: ${one.ready.message}`, longest),
        "Deliveries that it selects are held up until it is mended."
      )
  )
  const right = bundles.length - wrong.length
  return bundles.length === 0
    ? [ok("policies", "there is no PolicyBundle: only repositories' own policies judge")]
    : right === 0
    ? findings
    : [ok("policies", `${right} PolicyBundles judge`), ...findings]
}

/** How Deliveries are, those that are not ready by their reason. */
export const judgeDeliveries = (all: ReadonlyArray<Examined>): ReadonlyArray<Finding> => {
  if (all.length === 0) return [ok("deliveries", "there is no Delivery")]
  const suspended = all.filter((one) => one.suspended)
  const running = all.filter((one) => !one.suspended)
  const unready = running.filter(({ ready }) => ready?.status === "False")
  const pending = running.filter(({ ready }) => ready?.status !== "True" && ready?.status !== "False")
  const reasons = [...Map.groupBy(unready, ({ ready }) => ready?.reason ?? "").entries()]
    .sort(([, a], [, b]) => b.length - a.length)
  return [
    ok("deliveries", `${running.length - unready.length - pending.length} of ${all.length} are ready`),
    ...suspended.length === 0
      ? []
      : [ok("deliveries", `${suspended.length} are suspended: ${some(suspended.map(nameOf))}`)],
    ...pending.length === 0
      ? []
      : [ok("deliveries", `${pending.length} are in progress: ${some(pending.map(nameOf))}`)],
    ...reasons.map(([reason, members]) =>
      warning(
        "deliveries",
        `${members.length} not ready: ${reason}: ${some(members.map(nameOf))}`,
        `sluice explain ${nameOf(members[0]!)} says why, and what would help.`
      )
    )
  ]
}
