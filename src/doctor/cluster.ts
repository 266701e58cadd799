import * as Effect from "effect/Effect"
import type { KubeReader } from "../kube/KubeReader.ts"
import { readPin } from "../programs/pins.ts"
import { failed, ok, warning } from "./Finding.ts"

/** The oldest minor of Kubernetes 1 that serves all that we ask: aggregated discovery v2, CEL in CRDs. */
export const oldest = 30

const minorOf = (version: string): number | undefined => {
  const [, minor] = /^v1\.(\d+)/u.exec(version) ?? []
  return minor === undefined ? undefined : Number(minor)
}

/** What a version of Kubernetes means for us. */
export const judgeVersion = (version: string, tested: string) => {
  const [minor, newest] = [minorOf(version), minorOf(tested) ?? oldest]
  const range = `v1.${oldest} to v1.${newest}`
  if (minor === undefined) {
    return warning("cluster", `says that it is ${version}, which is no version we know`, `Sluice runs on ${range}.`)
  }
  if (minor < oldest) {
    return failed("cluster", `is Kubernetes ${version}, and Sluice runs on ${range}`, "Upgrade the cluster.")
  }
  return minor > newest
    ? warning("cluster", `is Kubernetes ${version}, newer than what is tested: ${range}`, "Look for a newer Sluice.")
    : ok("cluster", `is Kubernetes ${version}, within ${range}`)
}

/** The version of the API server, and whether we run on it. */
export const cluster = (reader: KubeReader["Service"]) =>
  Effect.gen(function*() {
    const { version } = yield* reader.capabilities
    const { version: tested } = yield* readPin("kube-apiserver")
    return [judgeVersion(version, tested)]
  })
