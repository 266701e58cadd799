import { parentPort } from "node:worker_threads"
import type { Case } from "./cases.ts"
import { judgeCase } from "./judgeCase.ts"

parentPort!.on("message", ({ given, wasm }: { readonly given: Case; readonly wasm: Uint8Array }) => {
  void judgeCase(given, wasm).catch((error) => `threw: ${String(error)}`).then((why) =>
    parentPort!.postMessage(why, [])
  )
})
