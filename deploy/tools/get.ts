import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import {
  catalogue,
  controlPlanePrograms,
  judgingPrograms,
  productPrograms,
  type Program,
  programs
} from "../../src/programs/catalogue.ts"
import { readPin } from "../../src/programs/pins.ts"
import { fromEnvironment, Programs } from "../../src/programs/Programs.ts"

const usage = `usage: node deploy/tools/get.ts [all | --control-plane | --judges | ${programs.join(" | ")}]…`

const fail = (line: string): never => {
  console.error(line)
  process.exit(2)
}

if (Number(process.versions.node.split(".")[0]) < 24) {
  fail(`Sluice needs Node 24 or later, this is ${process.versions.node}: use node_modules/.bin/node or npm run tools`)
}

const isProgram = (name: string): name is Program => Object.hasOwn(catalogue, name)

const named = (argument: string): ReadonlyArray<Program> =>
  argument === "all"
    ? programs
    : argument === "--control-plane"
    ? controlPlanePrograms
    : argument === "--judges"
    ? judgingPrograms
    : isProgram(argument)
    ? [argument]
    : fail(usage)

const wanted = process.argv.length === 2 ? productPrograms : process.argv.slice(2).flatMap(named)

const say = (line: string) => Effect.sync(() => console.error(line))

const main = Effect.gen(function*() {
  const available = yield* Programs
  for (const program of new Set<Program>(wanted)) {
    const { version } = yield* readPin(program)
    const path = yield* available.path(program)
    console.log(`${program} ${version} ${path}`)
  }
}).pipe(
  Effect.catchTag(
    "ProgramUnavailable",
    (error) => Effect.andThen(say(error.message), Effect.sync(() => process.exit(1)))
  )
)

main.pipe(
  Effect.provide(
    Programs.layer({ ...fromEnvironment(process.env), progress: say }).pipe(
      Layer.provideMerge([NodeServices.layer, FetchHttpClient.layer])
    )
  ),
  NodeRuntime.runMain
)
