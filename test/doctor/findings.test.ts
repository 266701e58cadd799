import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { parseAllDocuments } from "yaml"
import { definitions } from "../../src/api/v1alpha1/crd.ts"
import { plain } from "../../src/cli/color.ts"
import { linesOf, reportOf } from "../../src/cli/doctor.ts"
import { judgeAgent, judgeLeases } from "../../src/doctor/agent.ts"
import { clock } from "../../src/doctor/clock.ts"
import { judgeVersion } from "../../src/doctor/cluster.ts"
import { judgeDefinition } from "../../src/doctor/crds.ts"
import { examinedOf } from "../../src/doctor/Examined.ts"
import { bounded, failed, ok, undecided, warning } from "../../src/doctor/Finding.ts"
import { needs, type Scope } from "../../src/doctor/needs.ts"
import { judgeProgram } from "../../src/doctor/programs.ts"
import { shownUrl } from "../../src/doctor/sources.ts"
import { judgeBundles, judgeDeliveries } from "../../src/doctor/states.ts"
import { judgeStarts, judgeTry } from "../../src/doctor/webhooks.ts"
import type { JsonObject } from "../../src/domain/Json.ts"
import { KubeFailure } from "../../src/domain/StageError.ts"

const now = Date.parse("2026-11-28T12:00:00Z")

describe("what the doctor makes of what it sees", () => {
  it("knows the versions of Kubernetes that Sluice runs on", () => {
    const status = (version: string) => judgeVersion(version, "v1.36.3").status
    assert.deepStrictEqual(
      ["v1.29.9", "v1.30.0", "v1.36.3-eks-1", "v1.37.0", "v2.0.0", "next"].map(status),
      ["failed", "ok", "ok", "warning", "warning", "warning"]
    )
  })

  it.effect("goes on after a check that is mistaken itself", () =>
    Effect.gen(function*() {
      const [told] = yield* bounded("cluster", 1_000, Effect.die(new Error("no such file\n")))
      assert.strictEqual(told?.status, "warning")
      assert.strictEqual(told?.message, "cannot be told, by a mistake in Sluice: no such file")
    }))

  it.effect("tells whether what all hangs on was refused, or not answered", () =>
    Effect.gen(function*() {
      const failure = (status: number, detail: string) =>
        new KubeFailure({
          status,
          reason: "",
          detail,
          verb: "list",
          resource: "deliveries.sluice.dev",
          identity: "dev",
          causes: []
        })
      const all = (check: "installation" | "network", effect: Effect.Effect<never, KubeFailure>) =>
        bounded(check, 1_000, effect)
      const forbidden = Effect.fail(failure(403, "cannot list resource"))
      const refused = yield* all("installation", forbidden)
      const late = yield* all("installation", Effect.fail(failure(503, "not now")))
      assert.strictEqual(undecided(refused), "refused")
      assert.strictEqual(undecided(late), "unanswered")
      assert.strictEqual(undecided([...late, ...refused]), "refused")
      assert.isUndefined(undecided(yield* all("network", forbidden)))
      assert.isUndefined(undecided([warning("installation", "was not made by sluice install", "Do.")]))
    }))

  it("takes no whole second and no slow answer for a wrong clock", () => {
    const at = (skew: number, took = 20) => clock({ server: now, before: now + skew, after: now + skew + took })
    assert.strictEqual(at(999).status, "ok")
    assert.strictEqual(at(-9_000, 10_000).status, "ok")
    assert.strictEqual(at(7_000).message, "this machine is 6 s ahead of the API server")
    assert.strictEqual(at(-7_000, 0).status, "warning")
    assert.strictEqual(at(-90_000).status, "failed")
  })

  it("tells definitions that are missing, stale or not served", () => {
    const { definition } = definitions[0]!
    const live = (spec: JsonObject) => ({
      ...definition,
      spec,
      status: { conditions: [{ type: "Established", status: "True" }], storedVersions: ["v1alpha1"] }
    })
    const spec = definition.spec as JsonObject
    const [version] = spec.versions as ReadonlyArray<JsonObject>
    assert.strictEqual(judgeDefinition(definition, undefined)?.status, "failed")
    assert.isUndefined(judgeDefinition(definition, live(spec)))
    const stale = { ...spec, versions: [{ ...version, schema: { openAPIV3Schema: { type: "object" } } }] }
    assert.strictEqual(judgeDefinition(definition, live(stale))?.status, "warning")
    const unserved = { ...spec, versions: [{ ...version, served: false }] }
    assert.include(judgeDefinition(definition, live(unserved))?.message, "does not serve v1alpha1")
  })

  it("tells replicas that hang from those that work, and nodes whose clock is ahead", () => {
    const lease = (name: string, renewed: number) => ({ name, holder: name, renewed: now + renewed, duration: 15_000 })
    const told = (...leases: Parameters<typeof judgeLeases>[0]) =>
      judgeLeases(leases, now, true).map(({ message, status }) => `${status}: ${message}`)
    assert.deepStrictEqual(told(lease("sluice-0", -3_000)), ["ok: 1 replicas renew their Leases"])
    assert.deepStrictEqual(told(lease("sluice-0", -3_000), lease("sluice-1", -40_000)), [
      "ok: 1 replicas renew their Leases",
      "warning: sluice-1 has not renewed its Lease for 40 s"
    ])
    assert.deepStrictEqual(told(lease("sluice-0", -60_000)), ["failed: no replica renews its Lease: nobody works"])
    assert.include(told(lease("sluice-0", 30_000)), "warning: the node of sluice-0 is 30 s ahead of the API server")
    assert.lengthOf(judgeLeases([], now, false), 0)
  })

  it("says why the agent does not run, and of which version it is", () => {
    const agent = (status: JsonObject) => ({
      apiVersion: "apps/v1",
      kind: "StatefulSet",
      metadata: { name: "sluice", generation: 1, labels: { "app.kubernetes.io/version": "0.0.9" } },
      spec: { replicas: 1 },
      status
    })
    const obstacle = "sluice-0: ImagePullBackOff: Back-off pulling image"
    const [running, version] = judgeAgent(agent({ observedGeneration: 1 }), [obstacle], "sluice-system", "0.1.0")
    assert.strictEqual(running?.status, "failed")
    assert.include(running?.message, obstacle)
    assert.include(running?.remedy, "--image")
    assert.strictEqual(version?.message, "is of version 0.0.9, and this command of 0.1.0")
  })

  it("tells an agent's 401 from the API server's, and both from nobody", () => {
    const of = (status: number, reason: string) => judgeTry(Result.fail({ status, reason, detail: "…" })).status
    assert.strictEqual(of(401, "Http401"), "ok")
    assert.strictEqual(of(401, "Unauthorized"), "failed")
    assert.strictEqual(of(403, "Forbidden"), "warning")
    assert.strictEqual(of(503, "ServiceUnavailable"), "failed")
    assert.strictEqual(judgeTry(Result.succeed({})).status, "failed")
  })

  const delivery = (name: string, more: JsonObject = {}, spec: JsonObject = {}) =>
    examinedOf("Delivery")({ metadata: { namespace: "shop", name }, spec, status: more })
  const ready = (status: string, reason: string) => ({ conditions: [{ type: "Ready", status, reason, message: "m" }] })

  it("reads off the last runs whether hooks come", () => {
    const started = (...whys: ReadonlyArray<string>) =>
      judgeStarts(delivery("a", { history: whys.map((why) => ({ why, startedAt: "2026-11-28T11:00:00Z" })) })).status
    assert.strictEqual(started("interval", "webhook"), "ok")
    assert.strictEqual(started("interval", "spec"), "warning")
    assert.strictEqual(started("spec"), "ok")
    const polled = judgeStarts(delivery("a", { history: [{ why: "interval", startedAt: "2026-11-28T11:00:00Z" }] }))
    assert.include(polled.remedy, "Network > Outbound requests")
  })

  it("counts Deliveries by what is wrong with them", () => {
    const told = judgeDeliveries([
      delivery("a", ready("True", "Succeeded")),
      delivery("b", ready("False", "PolicyDenied")),
      delivery("c", ready("False", "FetchFailed")),
      delivery("d", ready("False", "FetchFailed")),
      delivery("e", ready("False", "Suspended"), { suspend: true }),
      delivery("f")
    ])
    assert.deepStrictEqual(told.map(({ message }) => message), [
      "1 of 6 are ready",
      "1 are suspended: shop/e",
      "1 are in progress: shop/f",
      "2 not ready: FetchFailed: shop/c, shop/d",
      "1 not ready: PolicyDenied: shop/b"
    ])
    assert.strictEqual(told[3]?.remedy, "sluice explain shop/c says why, and what would help.")
    const bundle = examinedOf("PolicyBundle")({ metadata: { name: "base" }, status: ready("False", "FetchFailed") })
    assert.strictEqual(judgeBundles([bundle])[0]?.status, "failed")
  })

  it("shows no address that may hold a password", () => {
    assert.strictEqual(shownUrl("https://git.example.com/shop.git"), "https://git.example.com/shop.git")
    assert.strictEqual(shownUrl("https://me:hunter22@git.example.com/shop.git"), "an address that is refused")
  })

  it("writes a finding as a line with its remedy, and all of them as a document", () => {
    const look = { version: "v4.3.1", file: undefined, instead: "not there", isObtained: true }
    const program = judgeProgram("helm", look)
    assert.match(judgeProgram("helm", { ...look, isObtained: false }).remedy ?? "", /^Put it on PATH: /u)
    const all = [ok("cluster", "is there"), program, failed("crds", "are not", "Make them.")]
    assert.deepStrictEqual(all.map((finding) => linesOf(finding, plain)), [
      "ok        cluster          is there",
      "warning   programs         helm v4.3.1 is not on this machine (not there)\n" +
      "  help: It is downloaded, or built, when it is first needed; on a machine without network put it on PATH.",
      "failed    crds             are not\n  help: Make them."
    ])
    assert.deepInclude(reportOf(all), { verdict: "failed", summary: { ok: 1, warnings: 1, failed: 1 } })
    assert.strictEqual(reportOf([warning("git", "no", "Do.")]).verdict, "warning")
  })
})

interface Rule {
  readonly apiGroups: ReadonlyArray<string>
  readonly resources: ReadonlyArray<string>
  readonly resourceNames?: ReadonlyArray<string>
  readonly verbs: ReadonlyArray<string>
}

const scopes: Readonly<Record<string, Scope>> = {
  "ClusterRole/sluice-agent": "cluster",
  "ClusterRole/sluice-agent-deliveries": "deliveries",
  "Role/sluice-agent": "own"
}

it("the doctor asks for exactly the rights that the manifests give the agent", () => {
  const text = readFileSync(join(import.meta.dirname, "..", "..", "deploy", "base", "rbac", "agent.yaml"), "utf8")
  const given = parseAllDocuments(text).flatMap((document) => {
    const { kind, metadata, rules = [] } = document.toJS() as {
      readonly kind: string
      readonly metadata: { readonly name: string }
      readonly rules?: ReadonlyArray<Rule>
    }
    const scope = scopes[`${kind}/${metadata.name}`]
    return scope === undefined ?
      [] :
      rules.flatMap(({ apiGroups, resourceNames = [], resources, verbs }) =>
        apiGroups.map((group) => JSON.stringify([scope, group, resources, resourceNames, verbs]))
      )
  })
  const asked = needs.map(({ group, names = [], resources, scope, verbs }) =>
    JSON.stringify([scope, group, resources, names, verbs])
  )
  assert.sameMembers(asked, given)
})
