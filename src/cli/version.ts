import * as Effect from "effect/Effect"
import type { Given } from "./commandLine.ts"
import { document, outputOf } from "./documents.ts"
import * as print from "./print.ts"

/** Says which version this is. */
export const version = Effect.fn("version")(function*(given: Given, version: string) {
  const output = outputOf(given)
  yield* print.result(
    output === "json" || output === "yaml"
      ? yield* document(output, { apiVersion: "cli.sluice.dev/v1", kind: "Version", version })
      : `sluice ${version}`
  )
  return 0
})
