import { assert, describe, it } from "@effect/vitest"
import { fromStatus, retryAfterOf } from "../../src/kube/failure.ts"

const secret = { data: { password: Buffer.from("hunter2-canary").toString("base64"), short: "YQ==" } }
const told = (message: string, resource = "secrets") =>
  fromStatus({ verb: "patch", resource }, {
    status: 422,
    body: JSON.stringify({
      kind: "Status",
      reason: "Invalid",
      message,
      details: { causes: [{ reason: "x", field: "data", message }] }
    }),
    retryAfter: undefined,
    identity: "dana",
    sent: secret
  })

describe("failure", () => {
  it.each([
    "webhook denied: value \"hunter2-canary\" is weak",
    `data.password: Invalid value: "hunter2-canary": too short`,
    ".data.password: expected string, got &value.valueUnstructured{Value:\"hunter2-canary\"}",
    `cannot take ${secret.data.password}`,
    "type: Unsupported value: `hunter2-canary`: supported values: a"
  ])("keeps the values of a Secret out of %s", (message) => {
    const failure = told(message)
    const text = failure.message + JSON.stringify(failure)
    assert.notInclude(text, "hunter2-canary")
    assert.notInclude(text, secret.data.password)
    assert.include(text, "(masked)")
  })

  it("tells other objects' errors as the server said them, in one line of bounded length", () => {
    assert.strictEqual(
      told("spec.replicas:\n  Invalid value: -1", "deployments.apps").detail,
      "spec.replicas: Invalid value: -1"
    )
    assert.isBelow(told("x".repeat(100_000)).detail.length, 2_100)
  })

  it("tells the status alone of an answer that is no Status", () => {
    for (const body of ["", "<html>", "{", "[]", "{\"message\": 7}"]) {
      const failure = fromStatus({ verb: "get", resource: "pods" }, {
        status: 502,
        body,
        retryAfter: undefined,
        identity: "dana",
        sent: undefined
      })
      assert.strictEqual(failure.message, "get pods as dana: the server answered with HTTP 502")
      assert.strictEqual(failure.reason, "Http502")
    }
  })

  it("reads Retry-After as seconds and as a date", () => {
    assert.strictEqual(retryAfterOf("3", 0), 3_000)
    assert.strictEqual(retryAfterOf("Thu, 01 Jan 1970 00:00:09 GMT", 4_000), 5_000)
    assert.strictEqual(retryAfterOf("Thu, 01 Jan 1970 00:00:01 GMT", 4_000), 0)
    assert.isUndefined(retryAfterOf("soon", 0))
    assert.isUndefined(retryAfterOf(undefined, 0))
  })
})
