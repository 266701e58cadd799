import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { machinePlace, podPlace } from "../../src/members/Place.ts"

describe("the place of a process", () => {
  it("is over in a pod with the next process of the pod, and of no other", () => {
    const { isOver, name } = podPlace("uid-1")
    assert.deepStrictEqual([isOver(name), isOver("uid-2"), isOver("")], [true, false, false])
  })

  it("is over on a machine when its process is gone", async () => {
    const own = machinePlace("laptop")
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"])
    const other = machinePlace("laptop", child.pid)
    assert.isFalse(own.isOver(other.name))
    child.kill("SIGKILL")
    await once(child, "exit")
    assert.strictEqual(own.isOver(other.name), process.platform === "linux")
  })

  it("is never said to be over of another machine, another kernel, or where none can be told from others", () => {
    const gone = 4_194_305
    const own = machinePlace("laptop", 7, "kernel")
    assert.isTrue(own.isOver(machinePlace("laptop", gone, "kernel").name))
    assert.isTrue(own.isOver(own.name), "its number is one's own by now")
    assert.isFalse(own.isOver(machinePlace("desktop", gone, "kernel").name))
    assert.isFalse(own.isOver(machinePlace("laptop", gone, "another").name))
    const blind = machinePlace("laptop", 7, "")
    for (const name of [blind.name, `laptop_${gone}`, "laptop", "", "laptop_kernel_", "laptop_kernel_0"]) {
      assert.isFalse([blind, own].some(({ isOver }) => isOver(name)), name)
    }
  })
})
