import { assert, describe, it } from "@effect/vitest"
import { isLinkLocal, lookUpHost } from "../../../src/fetch/git/lookUpHost.ts"

describe("lookUpHost", () => {
  it("knows link-local addresses", () => {
    for (const address of ["169.254.169.254", "fe80::1", "FEBF::1", "::ffff:169.254.169.254", "::ffff:a9fe:a9fe"]) {
      assert.isTrue(isLinkLocal(address), address)
    }
    for (const address of ["127.0.0.1", "10.0.0.1", "169.253.0.1", "::1", "fec0::1", "fe80.example.com"]) {
      assert.isFalse(isLinkLocal(address), address)
    }
  })

  it("refuses names that lead to one, and lets others through", async () => {
    const ask = (host: string) =>
      new Promise((resolve) => lookUpHost(host, { all: true }, (error, found) => resolve(error?.code ?? found)))
    assert.strictEqual(await ask("169.254.169.254"), "ERR_LINK_LOCAL")
    assert.deepStrictEqual(await ask("127.0.0.1"), [{ address: "127.0.0.1", family: 4 }])
  })
})
