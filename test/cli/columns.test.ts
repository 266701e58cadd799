import { assert, describe, it } from "@effect/vitest"
import { columnsOf } from "../../src/cli/columns.ts"
import { notifiers } from "../../src/cli/resources.ts"

describe("the columns of Notifiers", () => {
  const message = "There is no Secret slack. Mend it, or its Secret: what waits is sent then."
  const object = {
    apiVersion: "sluice.dev/v1alpha1",
    kind: "Notifier",
    metadata: { name: "chat", namespace: "shop", generation: 1 },
    spec: { slack: { channel: "C0DEPLOYS", secretRef: { name: "slack" } } },
    status: {
      conditions: [{
        type: "Ready",
        status: "False",
        reason: "InvalidSpec",
        message,
        lastTransitionTime: "2026-11-28T12:00:00Z"
      }]
    }
  }
  const row = (isWide: boolean) => {
    const { headers, row } = columnsOf(notifiers, { isWide, withNamespace: false })
    const cells = row(object, 0).map(({ text }) => text)
    return Object.fromEntries(headers.map((header, index) => [header, cells[index]]))
  }

  it("say whether one can be used, and why not", () => {
    const { AGE: _, ...told } = row(false)
    assert.deepStrictEqual(told, {
      NAME: "chat",
      READY: "False",
      STATUS: "InvalidSpec",
      SINK: "slack",
      CHANNEL: "C0DEPLOYS"
    })
  })

  it("say it in a sentence where there is room", () => {
    assert.include(row(true), { SECRET: "slack", MESSAGE: message })
  })
})
