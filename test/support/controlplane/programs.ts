import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import type { Program } from "../../../src/programs/catalogue.ts"
import { fromEnvironment, Programs } from "../../../src/programs/Programs.ts"

/** Where each of the programs is; they are made first if they are nowhere. */
export const findPrograms = (
  names: ReadonlyArray<Program>,
  progress: (line: string) => void
): Promise<ReadonlyMap<Program, string>> =>
  Programs.pipe(
    Effect.flatMap((programs) =>
      Effect.forEach(names, (name) => Effect.map(programs.path(name), (file) => [name, file] as const))
    ),
    Effect.map((found) => new Map<Program, string>(found)),
    Effect.provide(
      Programs.layer({ ...fromEnvironment(process.env), progress: (line) => Effect.sync(() => progress(line)) }).pipe(
        Layer.provide([NodeServices.layer, FetchHttpClient.layer])
      )
    ),
    Effect.runPromise
  )
