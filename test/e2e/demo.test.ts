import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"

const demo = join(import.meta.dirname, "..", "demo", "demo.ts")

describe("npm run demo", () => {
  it("tells its story to the end, and leaves nothing behind", async () => {
    const temporary = mkdtempSync(join(tmpdir(), "sluice-demo-test-"))
    try {
      const { stderr, stdout } = await promisify(execFile)(process.execPath, [demo], {
        env: { ...process.env, TMPDIR: temporary, NO_COLOR: "1", FORCE_COLOR: undefined },
        timeout: 90_000
      })
      assert.notInclude(stdout, "\u001b")
      // What a person reads of a refusal: what, where, how to mend it.
      assert.match(stdout, /⛔ shop-prod did not deploy \w{8}: 1 policy violation\. Cluster stays on \w{8}\./u)
      assert.include(stdout, "environments/prod/checkout.yaml:11")
      assert.match(stdout, /Fix: write the image as <name>@sha256:<digest>/u)
      const readme = readFileSync(join(import.meta.dirname, "..", "..", "README.md"), "utf8")
      const told = /```text\n(⛔[\s\S]*?)```/u.exec(readme)![1]!.trim().split("\n")
      const plain = (text: string) => text.replace(/\b[0-9a-f]{8}\b/gu, "hash")
      for (const line of told) assert.include(plain(stdout), plain(line.trim()))
      assert.match(stdout, /Only on fast disks +Unchanged +Interrupted/u)
      assert.match(stdout, /✔ healed after .*: Deployment\/shop-prod\/checkout.*, taken by kubectl$/mu)
      assert.match(stdout, /env\[name=DEBUG\], taken by kubectl-set/u)
      assert.match(stdout, /✔ healed after .*: Service\/shop-prod\/checkout/u)
      assert.include(stdout, "Everything is stopped, and nothing is left behind.")
      assert.strictEqual(stderr, "")
      assert.deepStrictEqual(readdirSync(temporary), [])
    } finally {
      rmSync(temporary, { recursive: true, force: true })
    }
  }, 120_000)
})
