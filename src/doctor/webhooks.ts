import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { at, type Json } from "../domain/Json.ts"
import { oneLine } from "../domain/plainText.ts"
import type { KubeFailure } from "../domain/StageError.ts"
import * as clusterSecrets from "../kube/clusterSecrets.ts"
import { Identity } from "../kube/Identity.ts"
import type { KubeClient } from "../kube/KubeClient.ts"
import type { KubeReader } from "../kube/KubeReader.ts"
import { type Examined, nameOf } from "./Examined.ts"
import { failed, type Finding, ok, warning } from "./Finding.ts"

/** What an unsigned hook is answered with by an agent. */
const refusedUnsigned = 401

const path = "/hooks/gitlab"

/** Whether what signs a Delivery's hooks is there. Of its values nothing is told. */
const keyOf = Effect.fnUntraced(function*(client: KubeClient["Service"], one: Examined) {
  if (one.hook === undefined) return []
  const { name, namespace } = one.hook
  const who = nameOf(one)
  const found = yield* Effect.result(clusterSecrets.make(client, Identity.Self(), namespace, []).get(name))
  if (Result.isFailure(found)) {
    return [
      warning(
        "webhooks",
        `${who}: Secret ${namespace}/${name} cannot be read from here`,
        "Ask as somebody who may read it, with --context; the agent reads it with its own rights."
      )
    ]
  }
  if (found.success === undefined) {
    return [
      failed(
        "webhooks",
        `${who}: there is no Secret ${namespace}/${name}`,
        "Make it, with signingToken or token: until then no hook is let in."
      )
    ]
  }
  const keys = Object.keys(found.success)
  return keys.includes("token") || keys.includes("signingToken")
    ? []
    : [
      failed(
        "webhooks",
        `${who}: Secret ${namespace}/${name} has neither signingToken nor token`,
        "Put one in: until then no hook is let in."
      )
    ]
})

/** Whether hooks came, as far as the last runs tell. */
export const judgeStarts = (one: Examined): Finding => {
  const last = one.starts.find(({ why }) => why === "webhook")
  const who = nameOf(one)
  if (last !== undefined) return ok("webhooks", `${who}: a hook started a run at ${last.at}`)
  return one.starts.some(({ why }) => why === "interval")
    ? warning(
      "webhooks",
      `${who}: its last runs came from polling, none from a hook`,
      `Look at what the Git host says of its deliveries: they go to <address>${path}, signed with the Secret's token. ` +
        "A GitLab of your own sends none to private addresses unless Admin > Settings > Network > Outbound requests lets it."
    )
    : ok("webhooks", `${who}: takes hooks; none of its last runs was started by a push`)
}

/** What an unsigned hook through the API server's proxy came to. */
export const judgeTry = (
  outcome: Result.Result<unknown, Pick<KubeFailure, "status" | "reason" | "detail">>
): Finding => {
  if (Result.isFailure(outcome)) {
    const { detail, reason, status } = outcome.failure
    // A backend's answer is no Status of the API server.
    if (status === refusedUnsigned && reason === `Http${refusedUnsigned}`) {
      return ok("webhooks", "the agent answers at its Service: an unsigned hook is refused with 401")
    }
    if (status === 403) {
      return warning(
        "webhooks",
        "the Service cannot be tried: you may not use services/proxy",
        "Ask as somebody who may."
      )
    }
    return failed(
      "webhooks",
      oneLine(`nobody answers at the Service: ${detail}`, 300),
      "A Service without ready pods has no endpoints: see what is said of the agent. A NetworkPolicy may keep the API server out."
    )
  }
  return failed(
    "webhooks",
    "an unsigned hook was taken in",
    "Something else than the agent is behind the Service: see its selector."
  )
}

const tried = Effect.fnUntraced(function*(client: KubeClient["Service"], namespace: string, port: string) {
  const session = client.as(Identity.Self())
  const outcome = yield* Effect.result(session.request({
    asked: { verb: "create", resource: "services/proxy" },
    method: "POST",
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/services/sluice:${
      encodeURIComponent(port)
    }/proxy${path}`,
    contentType: "application/json",
    body: "{}",
    idempotent: false
  }))
  return judgeTry(outcome)
})

/** What an unsigned hook at the public address came to. */
const triedAt = (given: string): Effect.Effect<Finding> => {
  const address = new URL(given).origin
  return Effect.tryPromise((signal) =>
    fetch(new URL(path, address), { method: "POST", body: "{}", redirect: "manual", signal })
      .then(async (answer) => ({ status: answer.status, text: (await answer.text()).slice(0, 1_000) }))
  ).pipe(
    Effect.map(({ status, text }) =>
      status === refusedUnsigned && text.startsWith("no valid signature")
        ? ok("webhooks", `${address} leads to the agent: an unsigned hook is refused with 401`)
        : failed(
          "webhooks",
          `${address} answers an unsigned hook with ${status}, and it is not the agent's answer`,
          "See where your Ingress or Gateway sends /hooks, and who asks for a password before."
        )
    ),
    Effect.catch((error) => {
      const cause: unknown = error.cause instanceof Error ? error.cause.cause ?? error.cause : error.cause
      const why = cause instanceof Error ? cause.message : String(cause)
      return Effect.succeed(
        failed(
          "webhooks",
          oneLine(`${address} cannot be reached: ${why}`, 300),
          "Check the name, its certificate, and that the Ingress or Gateway has an address."
        )
      )
    })
  )
}

const portOf = (service: Json): string => {
  const ports = at(service, "spec", "ports")
  const [first] = Array.isArray(ports) ? ports as ReadonlyArray<Json> : []
  return String(at(first, "name") ?? at(first, "port") ?? "http")
}

/** Whether hooks can come in, and whether they do. */
export const webhooks = Effect.fnUntraced(function*(
  client: KubeClient["Service"],
  reader: KubeReader["Service"],
  { address, all, isOutside, namespace }: {
    readonly all: ReadonlyArray<Examined>
    readonly namespace: string
    readonly address: string | undefined
    /** Whether the agent runs outside of the cluster. */
    readonly isOutside: boolean
  }
) {
  const taking = all.filter(({ hook }) => hook !== undefined)
  const outside = address === undefined ? [] : [yield* triedAt(address)]
  if (taking.length === 0) {
    return [...outside, ok("webhooks", "no Delivery takes hooks: sources are polled, at their interval")]
  }
  const service = yield* reader.get("v1", { group: "", kind: "Service", namespace, name: "sluice" })
  const inside = service === undefined && isOutside
    ? ok("webhooks", "the agent runs outside of the cluster, without a Service; --hooks-url tries its address")
    : service === undefined
    ? failed("webhooks", `namespace ${namespace} has no Service sluice`, "sluice install makes it.")
    : yield* tried(client, namespace, portOf(service))
  const keys = yield* Effect.forEach(taking, (one) => keyOf(client, one), { concurrency: 8 })
  return [...outside, inside, ...keys.flat(), ...taking.map(judgeStarts)]
})
