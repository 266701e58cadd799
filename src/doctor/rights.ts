import * as Effect from "effect/Effect"
import type { KubeSession } from "../kube/KubeClient.ts"
import { failed, type Finding, ok, warning } from "./Finding.ts"
import { installed, type Need, needs } from "./needs.ts"
import { type Access, mayAccount, mayI } from "./reviews.ts"

interface Account {
  readonly namespace: string
  readonly name: string
}

const named = (group: string, resource: string): string => group === "" ? resource : `${resource}.${group}`

const some = (names: ReadonlyArray<string>): string =>
  names.length > 5 ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more` : names.join(", ")

/** Whether whoever asks may install. */
export const installing = Effect.fnUntraced(function*(session: KubeSession) {
  const all = installed.flatMap(({ group, resources }) =>
    resources.flatMap((resource) => ["get", "create", "patch", "delete"].map((verb) => ({ verb, group, resource })))
  )
  const asked = yield* Effect.forEach(
    all,
    (access) => Effect.map(mayI(session, access), (may) => ({ access, may })),
    { concurrency: 8 }
  )
  const denied = [
    ...new Set(
      asked.filter(({ may }) => !may).map(({ access }) => `${access.verb} ${named(access.group, access.resource)}`)
    )
  ]
  return denied.length === 0
    ? [ok("your rights", "you may write all that an installation is made of")]
    : [
      failed(
        "your rights",
        `you may not ${some(denied)}`,
        "Install as a cluster's admin: RBAC lets nobody give away what he does not have."
      )
    ]
})

const accessesOf = ({ group, names, resources, verbs }: Need, namespace: string | undefined): ReadonlyArray<Access> =>
  resources.flatMap((resource) =>
    verbs.flatMap((verb) => (names ?? [undefined]).map((name) => ({ verb, group, resource, namespace, name })))
  )

/** What of a need an account lacks in one namespace, or in the whole cluster. */
const lacks = Effect.fnUntraced(function*(
  session: KubeSession,
  account: Account,
  need: Need,
  namespace: string | undefined
) {
  const found = yield* Effect.forEach(
    accessesOf(need, namespace),
    (access) => Effect.map(mayAccount(session, account, access), (may) => may ? [] : [access]),
    { concurrency: 8 }
  )
  return found.flat()
})

/** So many namespaces are asked about. */
const most = 50

/** `list, watch deliveries.sluice.dev, notifiers.sluice.dev`: resources with the same verbs together. */
const texts = (denied: ReadonlyArray<Access>): ReadonlyArray<string> => {
  const byResource = Map.groupBy(denied, ({ group, resource }) => named(group, resource))
  const verbsOf = (resource: string) => [...new Set(byResource.get(resource)?.map(({ verb }) => verb))].join(", ")
  return [...Map.groupBy(byResource.keys(), verbsOf).entries()].map(([verbs, resources]) =>
    `${verbs} ${resources.join(", ")}`
  )
}

/** Something that the agent needs and may not do. */
interface Lack {
  readonly denied: ReadonlyArray<Access>
  readonly without: string
  readonly optional: boolean
  readonly where: string
  readonly remedy: string
}

const lack = (
  { optional = false, without }: Need,
  denied: ReadonlyArray<Access>,
  where: string,
  remedy: string
): Lack => ({
  denied,
  without,
  optional,
  where,
  remedy
})

/** Findings with the same consequence and remedy are one. */
const merged = (findings: ReadonlyArray<Lack>): ReadonlyArray<Finding> =>
  [
    ...Map.groupBy(findings, ({ optional, remedy, where, without }) => [optional, where, without, remedy].join("\n"))
      .values()
  ]
    .map((group) => {
      const { optional, remedy, where, without } = group[0]!
      const what = [...new Set(group.flatMap(({ denied }) => texts(denied)))].join("; ")
      return (optional ? warning : failed)("agent's rights", `the agent may not ${what}${where}: ${without}`, remedy)
    })

const reinstall =
  "sluice install applies the rights of this version; what others changed shows in sluice install --dry-run."

/**
 * Whether the agent may do all that it does. Where it has no right in the whole cluster, the namespaces that have
 * Deliveries are asked about, one by one.
 */
export const agentRights = Effect.fnUntraced(function*(
  session: KubeSession,
  account: Account,
  namespaces: ReadonlyArray<string>
) {
  const findings = yield* Effect.forEach(needs, (need) =>
    Effect.gen(function*() {
      const denied = yield* lacks(session, account, need, need.scope === "own" ? account.namespace : undefined)
      if (denied.length === 0) return []
      if (need.scope !== "deliveries") {
        return [lack(need, denied, need.scope === "own" ? ` in namespace ${account.namespace}` : "", reinstall)]
      }
      const each = yield* Effect.forEach(
        namespaces.slice(0, most),
        (namespace) => Effect.map(lacks(session, account, need, namespace), (missing) => ({ namespace, missing })),
        { concurrency: 4 }
      )
      const poor = each.filter(({ missing }) => missing.length > 0)
      if (poor.length === 0) return []
      const places = poor.map(({ namespace }) => namespace)
      return [
        lack(
          need,
          poor.flatMap(({ missing }) => missing),
          ` in namespace ${some(places)}`,
          `Give it the namespace: kubectl create rolebinding sluice-agent-deliveries -n ${places[0]} ` +
            `--clusterrole=sluice-agent-deliveries --serviceaccount=${account.namespace}:${account.name}`
        )
      ]
    }), { concurrency: 2 })
  const wrong = findings.flat()
  return wrong.length > 0
    ? merged(wrong)
    : [ok("agent's rights", `the agent (${account.namespace}/${account.name}) may do all that it does`)]
})
