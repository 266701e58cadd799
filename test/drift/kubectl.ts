import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { Cluster } from "../apply/Cluster.ts"
import { findPrograms } from "../support/controlplane/programs.ts"

/** The real kubectl, as the admin; dies with what it says on stderr when it fails. */
export const makeKubectl = Effect.fnUntraced(function*(namespace: string) {
  const plane = yield* Cluster
  const file = (yield* Effect.promise(() => findPrograms(["kubectl"], console.error))).get("kubectl")!
  return (args: ReadonlyArray<string>, input?: unknown) =>
    Effect.callback<string>((resume) => {
      const child = spawn(file, ["--kubeconfig", plane.adminKubeconfigFile, "-n", namespace, ...args])
      let [out, errors] = ["", ""]
      child.stdout.setEncoding("utf8").on("data", (text: string) => out += text)
      child.stderr.setEncoding("utf8").on("data", (text: string) => errors += text)
      child.on("close", (code) => resume(code === 0 ? Effect.succeed(out) : Effect.die(new Error(errors))))
      child.stdin.end(input === undefined ? "" : JSON.stringify(input))
    })
})
