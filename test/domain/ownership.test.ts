import { assert, describe, it } from "@effect/vitest"
import { deliveryValue, displayValue, fingerprint, isOurs, stamp } from "../../src/domain/ownership.ts"
import { manifest } from "../apply/Subject.ts"

describe("ownership", () => {
  it("fits every delivery into a label", () => {
    assert.strictEqual(deliveryValue({ namespace: "shop", name: "web" }), "shop.web")
    assert.strictEqual(displayValue("shop.web"), "shop/web")
    const long = deliveryValue({ namespace: "n".repeat(63), name: "a".repeat(200) })
    assert.lengthOf(long, 63)
    assert.match(long, /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/u)
    assert.notStrictEqual(long, deliveryValue({ namespace: "n".repeat(63), name: "b".repeat(200) }))
  })

  it("stamps what is sent and leaves the digest alone", () => {
    const plain = manifest({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", labels: { own: "1" } } })
    const sent = stamp(plain, "shop.web", "app.yaml:3@main@sha1:1")
    assert.strictEqual(sent.digest, plain.digest)
    assert.deepStrictEqual(JSON.parse(sent.json), {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        name: "a",
        labels: { own: "1", "sluice.dev/delivery": "shop.web" },
        annotations: { "sluice.dev/origin": "app.yaml:3@main@sha1:1" }
      }
    })
  })

  it("takes a fingerprint of our own entries only", () => {
    const ours = { manager: "sluice", operation: "Apply", time: "t1", apiVersion: "v1", fieldsV1: { "f:data": {} } }
    const theirs = { ...ours, manager: "kubelet" }
    const before = fingerprint([ours])
    assert.strictEqual(fingerprint([theirs, ours, { ...ours, subresource: "status" }]), before)
    assert.notStrictEqual(fingerprint([{ ...ours, time: "t2" }]), before)
    assert.notStrictEqual(fingerprint([{ ...ours, fieldsV1: {} }]), before)
    assert.notStrictEqual(fingerprint([ours, { ...ours, operation: "Update" }]), before)
  })

  it("trusts no label without an ownership entry", () => {
    const labels = { "sluice.dev/delivery": "shop.web" }
    const entry = { manager: "sluice", operation: "Apply" }
    assert.isTrue(isOurs({ labels, managedFields: [entry] }, "shop.web"))
    assert.isFalse(isOurs({ labels, managedFields: [{ ...entry, manager: "kubectl" }] }, "shop.web"))
    assert.isFalse(isOurs({ labels, managedFields: [entry] }, "shop.other"))
    assert.isFalse(isOurs({ labels: {}, managedFields: [entry] }, "shop.web"))
  })
})
