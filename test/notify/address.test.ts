import { assert, describe, it } from "@effect/vitest"
import { parseAddress } from "../../src/notify/address.ts"

const refused = (text: string, options: { allowLoopback?: boolean; carriesToken?: boolean } = {}) => {
  const parsed = parseAddress(text, { allowLoopback: false, carriesToken: false, ...options })
  return "refused" in parsed ? parsed.refused : undefined
}

describe("addresses of sinks", () => {
  it("may be https anywhere, and http where it says so", () => {
    assert.isUndefined(refused("https://hooks.slack.com/services/T0/B0/x"))
    assert.isUndefined(refused("http://chat.internal:8065/hooks/x\n"))
    assert.isUndefined(refused("https://10.1.2.3/x"))
  })

  for (
    const address of [
      "http://169.254.169.254/latest/meta-data/",
      "http://2852039166/",
      "http://0xa9fea9fe/",
      "http://[fe80::1]/",
      "http://[::ffff:169.254.169.254]/",
      "http://[64:ff9b::a9fe:a9fe]/",
      "http://[fd00:ec2::254]/",
      "http://0.0.0.0:8080/",
      "http://[::]/"
    ]
  ) {
    it(`never lead to ${address}`, () => {
      assert.include(refused(address, { allowLoopback: true })!, "refused")
    })
  }

  it("lead to the loopback only where that is allowed", () => {
    for (const address of ["http://127.0.0.1:1/x", "http://[::1]/x", "http://127.1/x", "http://[::ffff:7f00:1]/x"]) {
      assert.include(refused(address)!, "loopback")
      assert.isUndefined(refused(address, { allowLoopback: true }))
    }
  })

  it("are http or https, without credentials", () => {
    for (const address of ["file:///etc/passwd", "javascript:alert(1)", "ftp://x/", "not a url", "https://a:b@c/"]) {
      const why = refused(address)
      assert.isString(why)
      assert.notInclude(why!, address)
    }
  })

  it("carry no token over plain http, but on this machine", () => {
    assert.include(refused("http://slack.internal/api", { carriesToken: true })!, "https")
    assert.isUndefined(refused("http://127.0.0.1:1/api", { carriesToken: true, allowLoopback: true }))
  })
})
