import { assert, describe, it } from "@effect/vitest"
import { isTransient, type Refusal, refusalOf, refused } from "../../src/domain/refusal.ts"
import { DiffFailed, exitCodeOf, KubeFailure } from "../../src/domain/StageError.ts"
import { configMap, manifest } from "../apply/Subject.ts"

const failure = (status: number, reason: string, detail: string, cause?: string) =>
  new KubeFailure({
    status,
    reason,
    detail,
    verb: "patch",
    resource: "configmaps",
    identity: "system:serviceaccount:shop:deployer",
    causes: cause === undefined ? [] : [{ reason: cause, field: "spec", message: detail }]
  })

/** As kube-apiserver 1.36 says them. */
const said: ReadonlyArray<readonly [Refusal, KubeFailure]> = [
  [
    "denied",
    failure(403, "Forbidden", "configmaps \"a\" is forbidden: User \"limited\" cannot patch resource \"configmaps\"")
  ],
  ["denied", failure(401, "Unauthorized", "Unauthorized")],
  ["admission", failure(403, "Forbidden", "admission webhook \"check.example.com\" denied the request: no")],
  ["admission", failure(403, "Forbidden", "pods \"p\" is forbidden: no PriorityClass with name zz was found")],
  ["quota", failure(403, "Forbidden", "pods \"p\" is forbidden: exceeded quota: small, requested: pods=1")],
  ["terminating", failure(403, "Forbidden", "unable to create new content in namespace x", "NamespaceTerminating")],
  [
    "invalid",
    failure(
      500,
      "",
      "failed to create typed patch object (/d; apps/v1, Kind=Deployment): .spec.replica: field not declared in schema"
    )
  ],
  [
    "invalid",
    failure(422, "Invalid", "Deployment.apps \"d\" is invalid: spec.replicas: Invalid value: -1: must be greater")
  ],
  [
    "immutable",
    failure(422, "Invalid", "Deployment.apps \"d\" is invalid: spec.selector: Invalid value: {}: field is immutable")
  ],
  [
    "immutable",
    failure(422, "Invalid", "Service \"s\" is invalid: spec.clusterIPs[0]: Invalid value: []: may not change once set")
  ],
  [
    "immutable",
    failure(
      422,
      "Invalid",
      "StatefulSet.apps \"d\" is invalid: spec: Forbidden: updates to statefulset spec for fields other than 'replicas' are forbidden"
    )
  ],
  [
    "immutable",
    failure(422, "Invalid", "RoleBinding \"d\" is invalid: roleRef: Invalid value: {}: cannot change roleRef")
  ],
  [
    "ownership",
    failure(409, "Conflict", "Apply failed with 1 conflict: conflict with \"other\": .data.x", "FieldManagerConflict")
  ],
  [
    "conflict",
    failure(409, "Conflict", "the object has been modified; please apply your changes to the latest version")
  ],
  ["unprovable", failure(400, "BadRequest", "admission webhook \"old.example.com\" does not support dry run")],
  ["missing", failure(404, "NotFound", "namespaces \"nope\" not found")],
  [
    "transient",
    failure(
      403,
      "Forbidden",
      "deliveries \"d\" is forbidden: status unknown for quota: small, resources: count/deliveries"
    )
  ],
  ["transient", failure(429, "TooManyRequests", "the server has received too many requests")],
  ["transient", failure(503, "ServiceUnavailable", "the server is currently unable to handle the request")],
  ["transient", failure(0, "ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:6443")]
]

describe("refusal", () => {
  it("reads what the API server says, not only its status", () => {
    for (const [meaning, each] of said) assert.strictEqual(refusalOf(each), meaning, each.detail)
  })

  it("knows what time mends", () => {
    const mended = said.filter(([, each]) => isTransient(each)).map(([meaning]) => meaning)
    assert.deepStrictEqual([...new Set(mended)], ["quota", "terminating", "conflict", "transient"])
  })

  it("becomes the error of the right kind, with place, exit code and a guess at the right name", () => {
    const subject = manifest(configMap("a", "shop", {}), 7)
    const errors = said.map(([, each]) => refused(each, subject, (fields) => new DiffFailed(fields)))
    const ends = errors.map((error) => `${error._tag} ${exitCodeOf(error)}`)
    assert.deepStrictEqual(ends.slice(0, 7), [
      "AccessDenied 4",
      "AccessDenied 4",
      "DiffFailed 4",
      "DiffFailed 4",
      "DiffFailed 4",
      "DiffFailed 2",
      "DiffFailed 2"
    ])
    assert.strictEqual(ends[12], "ApplyConflict 1")
    assert.include(errors[0]!.message, "patch configmaps as system:serviceaccount:shop:deployer")
    assert.strictEqual(
      errors[6]!.message,
      "deploy/app.yaml:7: ConfigMap/shop/a: .spec.replica: field not declared in schema (did you mean replicas?)"
    )
  })
})

describe("a hint", () => {
  it("says how the key of a Delivery is written that YAML takes for true", () => {
    const typed = "failed to create typed patch object (shop/shop; sluice.dev/v1alpha1, Kind=Delivery): "
    for (
      const detail of [
        `${typed}.spec.notify[name="team-chat"].true: field not declared in schema`,
        "strict decoding error: unknown field \"spec.notify[0].true\""
      ]
    ) {
      const error = refused(failure(500, "", detail), undefined, (fields) => new DiffFailed(fields))
      assert.match(error.hint ?? "", /Quote it: "on"/u)
      assert.notInclude(error.message, "did you mean")
    }
  })

  it("says how a namespace is made that is not there", () => {
    const gone = failure(404, "NotFound", "namespaces \"shop\" not found")
    const { hint = "" } = refused(gone, undefined, (fields) => new DiffFailed(fields))
    assert.include(hint, "kubectl create namespace shop")
  })

  for (const [status, hint] of [[429, /overrun/u], [503, /by itself/u], [0, /reached/u], [422, /^$/u]] as const) {
    it(`fits what the server means by ${status}`, () => {
      const { hint: told = "" } = refused(
        failure(status, "", `the server answered with HTTP ${status}`),
        undefined,
        (fields) => new DiffFailed(fields)
      )
      assert.match(told, hint)
    })
  }
})
