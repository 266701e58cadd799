import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { lineOf, summary } from "../../src/cli/install.ts"
import { plan } from "../../src/cli/uninstall.ts"
import { booksOf, manifestOf, type Part, union } from "../../src/install/books.ts"
import { choose } from "../../src/install/choice.ts"
import { keeperOf } from "../../src/install/keeper.ts"
import { inStages } from "../../src/install/stages.ts"
import type { Owner, Standing } from "../../src/install/standing.ts"
import { isInstalled } from "../../src/install/survey.ts"
import type { LiveMetadata } from "../../src/kube/KubeReader.ts"

const ref = (kind: string, name: string, group = "", namespace = "sluice-system") => ({ group, kind, namespace, name })
const part = (kind: string, name: string, group = "", apiVersion = "v1"): Part => ({
  apiVersion,
  ref: ref(kind, name, group)
})
const books = { version: "0.1.0", overlay: "quickstart", image: undefined, parts: [part("Service", "sluice")] }

const live = (given: Partial<LiveMetadata>): LiveMetadata => ({
  ref: ref("Service", "sluice"),
  uid: "1",
  resourceVersion: "1",
  deleting: false,
  labels: {},
  annotations: {},
  managedFields: [],
  ...given
})

describe("the books of an installation", () => {
  it("say the same when they are read as when they were written", () => {
    const all = { ...books, parts: [part("StatefulSet", "sluice", "apps", "apps/v1"), part("Service", "sluice")] }
    const read = booksOf(manifestOf("sluice-system", all).object)
    assert.isTrue(Result.isSuccess(read))
    if (Result.isSuccess(read)) {
      assert.deepInclude(read.success, { version: "0.1.0", overlay: "quickstart", image: undefined })
      assert.sameDeepMembers([...read.success.parts], all.parts)
    }
  })

  it("are the same text in whatever order parts come, so that nothing is written", () => {
    const [a, b] = [part("Service", "a"), part("Service", "b")]
    const text = (parts: ReadonlyArray<Part>) => manifestOf("x", { ...books, parts }).json
    assert.strictEqual(text([a, b]), text([b, a]))
    assert.lengthOf(union([a, b], [b]), 2)
  })

  it("are not guessed where somebody changed them", () => {
    assert.isTrue(Result.isFailure(booksOf({ data: { version: "0.1.0", parts: "nonsense" } })))
    assert.isTrue(Result.isFailure(booksOf({})))
  })
})

describe("what is installed", () => {
  it("stays on its overlay, and on a chosen image only as long as the version does", () => {
    const production = { ...books, overlay: "production", image: "r/s:1" }
    const of = (asked: Parameters<typeof choose>[0], before: Parameters<typeof choose>[1], version = "0.1.0") =>
      Result.getOrElse(choose(asked, before, version), ({ hint }) => hint)
    const nothing = { overlay: undefined, image: undefined }
    assert.deepStrictEqual(of(nothing, undefined), { version: "0.1.0", overlay: "quickstart", image: undefined })
    assert.deepStrictEqual(of(nothing, production), { version: "0.1.0", overlay: "production", image: "r/s:1" })
    assert.strictEqual(of(nothing, production, "0.2.0"), "Name the image of version 0.2.0 with --image.")
    assert.deepInclude(of({ ...nothing, image: "r/s:2" }, production, "0.2.0"), { image: "r/s:2" })
    const taken = (overlay?: string) =>
      Result.getOrElse(choose({ ...nothing, overlay }, undefined, "0.1.0", true), ({ hint }) => hint)
    assert.match(String(taken()), /^Say it with --overlay: quickstart, production, multi-tenant\./u)
    assert.deepInclude(taken("multi-tenant"), { overlay: "multi-tenant" })
  })

  it("is applied definitions first and the agent last", () => {
    const order = [
      part("StatefulSet", "sluice", "apps"),
      part("Service", "sluice"),
      part("ClusterRoleBinding", "sluice", "rbac.authorization.k8s.io"),
      part("Namespace", "sluice-system"),
      part("CustomResourceDefinition", "deliveries.sluice.dev", "apiextensions.k8s.io")
    ]
    assert.deepStrictEqual(inStages(order).flat(), order.toReversed())
  })

  it("is known by a label and by who applied it: a copied label is not enough", () => {
    const labels = { "sluice.dev/installation": "sluice-system" }
    const managedFields = [{ manager: "sluice-install", operation: "Apply" }]
    assert.isTrue(isInstalled(live({ labels, managedFields }), "sluice-system"))
    assert.isFalse(isInstalled(live({ labels }), "sluice-system"))
    assert.isFalse(isInstalled(live({ labels, managedFields }), "other"))
  })

  it("is left to whoever else keeps it", () => {
    const who = (given: Partial<LiveMetadata>) => keeperOf(live(given), "sluice-system")?.who
    assert.isUndefined(who({ labels: { "sluice.dev/installation": "sluice-system" } }))
    assert.strictEqual(who({ labels: { "sluice.dev/installation": "b" } }), "the installation in namespace b")
    assert.strictEqual(who({ annotations: { "meta.helm.sh/release-name": "s" } }), "Helm (release s)")
    assert.strictEqual(who({ labels: { "helm.toolkit.fluxcd.io/name": "s" } }), "Flux (s)")
    assert.strictEqual(who({ labels: { "sluice.dev/delivery": "platform.self" } }), "the Delivery platform/self")
    assert.strictEqual(
      who({ annotations: { "argocd.argoproj.io/tracking-id": "sluice:apps/StatefulSet:sluice-system/sluice" } }),
      "Argo CD (sluice)"
    )
  })
})

describe("what people read", () => {
  const report = {
    books,
    before: undefined,
    namespace: "sluice-system",
    done: [
      { ref: ref("Service", "sluice"), action: "created" as const },
      { ref: ref("StatefulSet", "sluice", "apps"), action: "pruned" as const }
    ],
    dryRun: false,
    ready: 1_200
  }

  it("of an installation", () => {
    assert.strictEqual(lineOf(report.done[1]!, false), "statefulset.apps/sluice pruned")
    assert.strictEqual(lineOf(report.done[0]!, true), "service/sluice created (dry run)")
    assert.strictEqual(
      summary(report),
      "sluice 0.1.0, overlay quickstart, in namespace sluice-system: 1 created, 0 configured, 0 unchanged, 1 pruned; " +
        "the agent is ready (1.2 s)"
    )
    assert.match(summary({ ...report, before: { ...books, version: "0.0.9" } }), /^sluice 0\.0\.9 -> 0\.1\.0,/u)
  })

  const owner: Owner = {
    namespace: "shop",
    name: "shop",
    uid: "1",
    resourceVersion: "1",
    finalizers: ["sluice.dev/finalizer"],
    deleting: false,
    owned: 7
  }
  const standing: Standing = {
    books,
    parts: [
      { ...part("CustomResourceDefinition", "deliveries.sluice.dev", "apiextensions.k8s.io"), uid: "1" },
      { ...part("StatefulSet", "sluice", "apps"), uid: "2" }
    ],
    owners: [owner, owner],
    bundles: 1,
    notifiers: 0
  }
  const told = (prune: boolean, keepDefinitions: boolean) =>
    plan(standing, "sluice-system", { prune, keepDefinitions }).join("\n")

  it("before an installation is taken away", () => {
    assert.include(told(false, false), "2 Deliveries are let go: the 14 objects that they own stay as they are")
    assert.include(
      told(false, false),
      "1 definition goes, and with them the 2 Deliveries, 1 PolicyBundle and 0 Notifiers."
    )
    assert.include(told(true, false), "2 Deliveries, and 14 objects that they own, are DELETED by the agent.")
    assert.include(told(false, true), "1 definition stays, and with them 2 Deliveries, 1 PolicyBundle and 0 Notifiers.")
  })
})
