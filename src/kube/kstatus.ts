import type { Health } from "../domain/Health.ts"
import { at, type Json, type JsonObject } from "../domain/Json.ts"
import type { ObjectRef } from "../domain/ObjectRef.ts"
import {
  type Condition,
  conditionsOf,
  current,
  failed,
  inProgress,
  number,
  text,
  type Verdict
} from "./kstatus/words.ts"
import { workloads } from "./kstatus/workloads.ts"

type Rule = (object: JsonObject) => Verdict

const always = (message: string): Rule => () => current(message)

const condition = (object: Json, type: string): Condition | undefined =>
  conditionsOf(object).find((each) => each.type === type)

const service: Rule = (object) =>
  text(object, "spec", "type") === "LoadBalancer" && text(object, "spec", "clusterIP") === ""
    ? inProgress("has no cluster IP yet")
    : current("is ready")

const claim: Rule = (object) => {
  const phase = text(object, "status", "phase")
  if (phase === "Lost") return failed("lost its volume")
  return phase === "Bound"
    ? current("is bound")
    : inProgress(`is ${phase === "" ? "not observed yet" : phase}, not Bound`)
}

const namespace: Rule = (object) =>
  text(object, "status", "phase") === "Active" ? current("is active") : inProgress("is not active yet")

const definition: Rule = (object) => {
  const names = condition(object, "NamesAccepted")
  const established = condition(object, "Established")
  if (names?.status === "False") return failed(`its names are not accepted: ${names.message}`)
  if (established?.status === "True") return current("is established")
  return established?.status === "False" && established.reason !== "Installing"
    ? failed(`is not established: ${established.message}`)
    : inProgress("is not established yet")
}

const apiService: Rule = (object) => {
  const available = condition(object, "Available")
  return available?.status === "True"
    ? current("is available")
    : inProgress(`is not available: ${available?.message ?? "not observed yet"}`)
}

const budget: Rule = (object) =>
  at(object, "status", "observedGeneration") === undefined ? inProgress("is not observed yet") : current("is computed")

/** Kinds without a rule: `Ready` where they have it; else what was applied is taken as done. */
const byConditions: Rule = (object) => {
  const ready = condition(object, "Ready")
  if (ready === undefined) return current("is applied")
  return ready.status === "True" ? current("is ready") : inProgress(ready.message || ready.reason || "is not ready")
}

/** Suspended is what somebody wants of it, as of a CronJob. */
const delivery: Rule = (object) =>
  condition(object, "Ready")?.reason === "Suspended" ? current("is suspended") : byConditions(object)

/** By `<group>/<kind>`. What is not here follows its conditions. */
const rules: Readonly<Record<string, Rule>> = {
  ...workloads,
  "/Service": service,
  "/PersistentVolumeClaim": claim,
  "/Namespace": namespace,
  "/ConfigMap": always("is always ready"),
  "/Secret": always("is always ready"),
  "sluice.dev/Delivery": delivery,
  // Whom a Delivery tells fails no run, not even that which brings it.
  "sluice.dev/Notifier": always("is applied"),
  "networking.k8s.io/Ingress": always("is always ready"),
  "apiextensions.k8s.io/CustomResourceDefinition": definition,
  "apiregistration.k8s.io/APIService": apiService,
  "policy/PodDisruptionBudget": budget
}

/** What holds for every kind: a deletion, a generation that its controller has not seen, the standard conditions. */
const general = (object: JsonObject): Verdict | undefined => {
  if (text(object, "metadata", "deletionTimestamp") !== "") {
    return { status: "Terminating", message: "is being deleted" }
  }
  const [generation, observed] = [at(object, "metadata", "generation"), at(object, "status", "observedGeneration")]
  if (typeof generation === "number" && typeof observed === "number" && observed !== generation) {
    return inProgress(`generation ${generation} is not observed yet (${observed} is)`)
  }
  const reconciling = condition(object, "Reconciling")
  if (reconciling?.status === "True") return inProgress(reconciling.message || reconciling.reason || "is reconciling")
  const stalled = condition(object, "Stalled")
  if (stalled?.status === "True") return failed(stalled.message || stalled.reason || "is stalled")
  return undefined
}

const missing = (ref: ObjectRef, desired: JsonObject | undefined): Verdict =>
  ref.group === "batch" && ref.kind === "Job" &&
    number(desired, undefined, "spec", "ttlSecondsAfterFinished") !== undefined
    ? current("has finished and was removed after its time to live")
    : { status: "NotFound", message: "does not exist" }

/**
 * Health of a live object (undefined: it is not there), after the rules of kubernetes-sigs/cli-utils' kstatus.
 *
 * Departures, on purpose: a Job is healthy when it is complete, not while it runs; a Pod that failed is Failed; a crash
 * loop or a pod that cannot be scheduled is still InProgress, with the reason told, because it may end by itself.
 */
export const health = (ref: ObjectRef, live: JsonObject | undefined, desired?: JsonObject): Health => {
  const { message, status } = live === undefined
    ? missing(ref, desired)
    : general(live) ?? (rules[`${ref.group}/${ref.kind}`] ?? byConditions)(live)
  return { ref, status, message }
}
