import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { parseAllDocuments } from "yaml"
import { at, isJsonObject, type Json, type JsonObject } from "../../src/domain/Json.ts"
import { type Case, cases, decoders, resource, wholeDelivery, wholeNotifier, wholePolicyBundle } from "../api/cases.ts"
import { type ControlPlane, startControlPlane } from "../support/ControlPlane.ts"
import { findPrograms } from "../support/controlplane/programs.ts"

const root = join(import.meta.dirname, "..", "..")

let plane: ControlPlane
let kubectl: (...args: ReadonlyArray<string>) => Promise<string>

beforeAll(async () => {
  const programs = await findPrograms(["kubectl"], console.error)
  plane = await startControlPlane()
  kubectl = async (...args) => {
    const all = ["--kubeconfig", plane.adminKubeconfigFile, ...args]
    return (await promisify(execFile)(programs.get("kubectl")!, all)).stdout
  }
  await kubectl("apply", "-k", join(root, "deploy", "base", "crds"))
  await kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=60s")
}, 900_000)

afterAll(() => plane.stop())

const paths = {
  Delivery: "/apis/sluice.dev/v1alpha1/namespaces/default/deliveries",
  PolicyBundle: "/apis/sluice.dev/v1alpha1/policybundles",
  Notifier: "/apis/sluice.dev/v1alpha1/namespaces/default/notifiers"
}

type Answer = Result.Result<JsonObject, string>

const settle = (request: Promise<unknown>): Promise<Answer> =>
  request.then((object) => Result.succeed(object as JsonObject), (error: Error) => Result.fail(error.message))

/** What the API server makes of a resource, without keeping it. */
const judged = (kind: Case["kind"], spec: Json): Promise<Answer> =>
  settle(plane.request("POST", `${paths[kind]}?dryRun=All`, { ...resource(kind, {}), spec }))

const create = (kind: Case["kind"], name: string, spec: JsonObject) =>
  plane.request("POST", paths[kind], resource(kind, spec, name)) as Promise<JsonObject>

const patch = (path: string, body: unknown, type: "merge" | "json" = "merge") =>
  settle(plane.request("PATCH", path, body, `application/${type}-patch+json`))

/** Every place of a value, and the value with that place replaced. */
const replaced = (value: Json, by: Json): ReadonlyArray<{ readonly path: string; readonly value: Json }> => [
  { path: "", value: by },
  ...Array.isArray(value)
    ? value.flatMap((entry, index) =>
      replaced(entry as Json, by).map((inner) => ({
        path: `[${index}]${inner.path}`,
        value: value.with(index, inner.value)
      }))
    )
    : isJsonObject(value)
    ? Object.entries(value).flatMap(([key, entry]) =>
      replaced(entry, by).map((inner) => ({ path: `.${key}${inner.path}`, value: { ...value, [key]: inner.value } }))
    )
    : []
]

describe("definitions in a cluster", () => {
  it("judge every case as the decoder does, and say why", async () => {
    for (const { kind, refused, spec, what } of cases) {
      const answer = await judged(kind, spec)
      assert.strictEqual(Result.isFailure(answer), refused !== undefined, `${kind}: ${what}: ${JSON.stringify(answer)}`)
      if (refused !== undefined) assert.include(Result.getOrThrow(Result.flip(answer)), refused.message, what)
    }
  })

  it("fill in what the decoder fills in", async () => {
    for (const { kind, refused, spec, what } of cases.filter(({ refused }) => refused === undefined)) {
      assert.isUndefined(refused)
      const stored = Result.getOrThrow(await judged(kind, spec))
      const decoded = Result.getOrThrow(decoders[kind](resource(kind, spec))).resource.spec
      assert.deepStrictEqual<unknown>(stored.spec, decoded, `${kind}: ${what}`)
      assert.deepStrictEqual<unknown>(Result.getOrThrow(decoders[kind](stored)).resource.spec, decoded)
    }
  })

  it("agree with the decoder on every field, whatever stands there", async () => {
    const wholes = { Delivery: wholeDelivery, PolicyBundle: wholePolicyBundle, Notifier: wholeNotifier } as const
    const hostile: ReadonlyArray<Json> = [null, true, -1, 3.5, "", "x ~/\u{1F4A5}", "y".repeat(3_000), [], ["x"], {}, {
      name: "x"
    }]
    const disagreements: Array<string> = []
    for (const [kind, whole] of Object.entries(wholes) as ReadonlyArray<[Case["kind"], JsonObject]>) {
      for (const by of hostile) {
        for (const { path, value } of replaced(whole, by)) {
          const answer = await judged(kind, value)
          const say = `${kind}.spec${path} = ${JSON.stringify(by).slice(0, 20)}`
          // What it stores has to decode; what decodes it has to take.
          const stored = Result.map(answer, decoders[kind])
          if (Result.isSuccess(stored) && Result.isFailure(stored.success)) {
            disagreements.push(`${say} is taken: ${stored.success.failure.problems.join()}`)
          }
          if (Result.isFailure(answer) && Result.isSuccess(decoders[kind]({ ...resource(kind, {}), spec: value }))) {
            disagreements.push(`${say} is refused: ${answer.failure}`)
          }
        }
      }
    }
    assert.deepStrictEqual(disagreements, [])
  }, 180_000)

  it("take the samples", async () => {
    await plane.request("POST", "/api/v1/namespaces", { metadata: { name: "shop" } })
    const text = readFileSync(join(root, "deploy", "samples", "delivery.yaml"), "utf8")
    for (const document of parseAllDocuments(text)) {
      const object = document.toJS() as JsonObject
      const kind = object.kind as Case["kind"]
      if (!(kind in paths)) continue
      const path = paths[kind].replace("/default/", "/shop/")
      const stored = await plane.request("POST", `${path}?fieldValidation=Strict`, object)
      assert.isTrue(Result.isSuccess(decoders[kind](stored)))
    }
  })

  it("drop fields that nobody knows, and say so where it is asked", async () => {
    const spec = { plain: { x: 1 }, policy: { data: { y: 1 } }, novelty: true }
    const stored = Result.getOrThrow(await judged("Delivery", spec))
    assert.deepStrictEqual(at(stored, "spec", "plain"), {})
    assert.deepStrictEqual(at(stored, "spec", "policy", "data"), { y: 1 })
    assert.isUndefined(at(stored, "spec", "novelty"))
    const strict = await settle(
      plane.request("POST", `${paths.Delivery}?dryRun=All&fieldValidation=Strict`, resource("Delivery", spec))
    )
    assert.include(Result.getOrThrow(Result.flip(strict)), "unknown field \\\"spec.novelty\\\"")
  })

  it("keep credentials out of addresses, and do not repeat them", async () => {
    for (const url of ["https://dana:hunter2@git.example.com/shop.git", "http://hunter2@git.example.com/shop.git"]) {
      const refusal = Result.getOrThrow(
        Result.flip(await judged("Delivery", { source: { git: { url, branch: "main" } } }))
      )
      assert.include(refusal, "the url holds credentials")
      assert.notInclude(refusal, "hunter2")
    }
  })

  it("let GitLab's buttons work: suspend, resume, ask for a run", async () => {
    const path = `${paths.Delivery}/button`
    await create("Delivery", "button", {})
    for (const value of [true, false]) {
      const answer = await patch(path, [{ op: "replace", path: "/spec/suspend", value }], "json")
      assert.strictEqual(at(Result.getOrThrow(answer), "spec", "suspend"), value)
    }
  })

  it("keep the name of a release", async () => {
    const path = `${paths.Delivery}/release`
    await create("Delivery", "release", { helm: { releaseName: "shop" } })
    const refusal = Result.getOrThrow(Result.flip(await patch(path, { spec: { helm: { releaseName: "store" } } })))
    assert.include(refusal, "spec.helm.releaseName stays as it is")
    // The default counts: the Delivery's own name.
    assert.isTrue(Result.isFailure(await patch(path, { spec: { helm: { releaseName: null } } })))
    assert.isTrue(Result.isSuccess(await patch(path, { spec: { helm: { values: { replicas: 2 } } } })))
    await create("Delivery", "default-release", { helm: {} })
    const other = `${paths.Delivery}/default-release`
    assert.isTrue(Result.isFailure(await patch(other, { spec: { helm: { releaseName: "shop" } } })))
    assert.isTrue(Result.isSuccess(await patch(other, { spec: { helm: { releaseName: "default-release" } } })))
    assert.isTrue(Result.isSuccess(await patch(other, { spec: { helm: null, kustomize: {} } })))
    // A chart needs no `helm` to be one.
    assert.isTrue(Result.isFailure(await patch(path, { spec: { helm: null } })))
    await create("Delivery", "detected", {})
    const detected = `${paths.Delivery}/detected`
    assert.isTrue(Result.isFailure(await patch(detected, { spec: { helm: { releaseName: "shop" } } })))
    assert.isTrue(Result.isSuccess(await patch(detected, { spec: { helm: { values: { replicas: 2 } } } })))
    assert.isTrue(Result.isSuccess(await patch(detected, { spec: { helm: null, plain: {} } })))
    assert.isTrue(Result.isSuccess(await patch(detected, { spec: { helm: { releaseName: "shop" }, plain: null } })))
  })

  it("show in kubectl's tables what matters, and more with -o wide", async () => {
    const condition = (type: string, status: string, reason: string, message = "") => ({
      type,
      status,
      reason,
      message,
      lastTransitionTime: "2026-11-25T12:00:00Z"
    })
    const rows = async (...args: ReadonlyArray<string>) =>
      (await kubectl("get", ...args)).trimEnd().split("\n").map((line) => line.split(/ {2,}/u))
    await create("Delivery", "shown", {
      source: { git: { url: "https://git.example.com/a.git", branch: "main" } },
      path: "a"
    })
    await create("PolicyBundle", "baseline", { source: { library: ["change-safety"] }, enforcement: "mandatory" })
    await create("Notifier", "chat", wholeNotifier)
    const status = {
      conditions: [
        condition("Ready", "False", "PolicyDenied", "2 violations"),
        condition("PolicyPassed", "False", "PolicyDenied")
      ],
      lastAppliedRevision: "main@sha1:9f3c",
      source: { revision: "main@sha1:77aa", url: "https://git.example.com/a.git", author: "Dana" },
      drift: { count: 3 }
    }
    const answer = await patch(`${paths.Delivery}/shown/status`, { status, spec: { path: "b" } })
    assert.strictEqual(at(Result.getOrThrow(answer), "spec", "path"), "a")
    const again = await patch(`${paths.Delivery}/shown`, { status: null })
    assert.deepStrictEqual<unknown>(at(Result.getOrThrow(again), "status"), status)
    for (const [path, kind] of [["PolicyBundle", "baseline"], ["Notifier", "chat"]] as const) {
      const ready = { conditions: [condition("Ready", "True", "Succeeded")], observedGeneration: 1 }
      assert.isTrue(Result.isSuccess(await patch(`${paths[path]}/${kind}/status`, { status: ready })))
    }
    const [head, row] = await rows("dlv", "shown")
    assert.deepStrictEqual(head, ["NAME", "READY", "STATUS", "REVISION", "POLICY", "AGE"])
    assert.deepStrictEqual(row!.slice(0, -1), ["shown", "False", "PolicyDenied", "main@sha1:9f3c", "False"])
    const [wideHead, wideRow] = await rows("dlv", "shown", "-o", "wide")
    assert.deepStrictEqual(wideHead!.slice(6), ["SUSPENDED", "AUTHOR", "SOURCE", "PATH", "DRIFT", "DRIFTED", "MESSAGE"])
    assert.deepStrictEqual(wideRow!.slice(6, 11), ["false", "Dana", "https://git.example.com/a.git", "a", "3"])
    assert.strictEqual(wideRow!.at(-1), "2 violations")
    assert.deepStrictEqual((await rows("pb"))[1]!.slice(0, 4), ["baseline", "True", "Succeeded", "mandatory"])
    assert.deepStrictEqual((await rows("nt", "chat"))[1]!.slice(0, 3), ["chat", "True", "Succeeded"])
    for (const category of ["sluice", "gitops"]) {
      const names = await kubectl("get", category, "-o", "name")
      for (
        const name of ["delivery.sluice.dev/shown", "policybundle.sluice.dev/baseline", "notifier.sluice.dev/chat"]
      ) {
        assert.include(names, name)
      }
    }
    assert.include(await kubectl("explain", "dlv.spec.apply.drift"), "What becomes of a change")
    assert.include(await kubectl("wait", "--for=condition=Ready", "nt/chat", "--timeout=10s"), "condition met")
  })
})
