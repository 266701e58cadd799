#!/usr/bin/env node
import type { Effect } from "effect/Effect"
import { randomBytes } from "node:crypto"
import { readFileSync } from "node:fs"
import { commandLine, type Given, textOf } from "./cli/commandLine.ts"
import { startFast } from "./cli/startup.ts"
import type { VerbName } from "./cli/verbs.ts"
import type { KubeClient } from "./kube/KubeClient.ts"

const version = (): string => JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version

const cluster = (given: Given) => ({ kubeconfig: textOf(given, "kubeconfig"), context: textOf(given, "context") })

/** A verb that asks the API server, and needs nothing of the loop. */
const asking = <E, R>(load: () => Promise<(given: Given) => Effect<number, E, R | KubeClient>>) => (given: Given) =>
  Promise.all([import("effect/Effect"), load(), import("./client.ts")])
    .then(([Effect, verb, { client }]) =>
      Effect.provide(verb(given), client(cluster(given), randomBytes(32), undefined))
    )

/** Reasons begin with a capital, and no name of a Delivery does. */
const isReason = ({ operands }: Given): boolean => /^[A-Z][A-Za-z]*$/u.test(operands[0] ?? "")

/** What each verb is made of. Nothing of it is loaded before the verb is asked for. */
const load = {
  check: (given: Given) =>
    Promise.all([import("effect/Effect"), import("./cli/check.ts"), import("./offline.ts")])
      .then(([Effect, { check }, { offline }]) => Effect.provide(check(given), offline)),
  test: (given: Given) =>
    Promise.all([import("effect/Effect"), import("./cli/test.ts"), import("./offline.ts")])
      .then(([Effect, { test }, { offline }]) => Effect.provide(test(given), offline)),
  policy: (given: Given) => import("./cli/policy.ts").then(({ policy }) => policy(given)),
  diff: (given: Given) =>
    Promise.all([import("effect/Effect"), import("./cli/diff.ts"), import("./layers.ts")])
      .then(([Effect, { diff }, { online }]) => Effect.provide(diff(given), online(cluster(given)))),
  run: (given: Given) =>
    Promise.all([import("effect/Effect"), import("./cli/run.ts"), import("./layers.ts")])
      .then(([Effect, { run }, { online }]) =>
        Effect.provide(
          run({
            file: textOf(given, "file") ?? "",
            once: given.switches.has("once"),
            confirm: textOf(given, "confirm"),
            output: textOf(given, "output") === "json" ? "json" : "text"
          }),
          online(cluster(given))
        )
      ),
  agent: (given: Given) =>
    Promise.all([import("effect/Effect"), import("./cli/agent.ts"), import("./agent.ts")])
      .then(([Effect, { agent, cannotListen, settingsOf }, { agentLayer }]) =>
        Effect.flatMap(settingsOf(given), (options) =>
          Effect.provide(agent(given, options), agentLayer(options)).pipe(
            Effect.catchTag("CannotListen", (error) => Effect.fail(cannotListen(error)))
          ))
      ),
  get: asking(() => import("./cli/get.ts").then(({ get }) => get)),
  reconcile: asking(() => import("./cli/reconcile.ts").then(({ reconcile }) => reconcile)),
  suspend: asking(() => import("./cli/suspend.ts").then(({ suspend }) => suspend)),
  resume: asking(() => import("./cli/resume.ts").then(({ resume }) => resume)),
  history: asking(() => import("./cli/history.ts").then(({ history }) => history)),
  tree: asking(() => import("./cli/tree.ts").then(({ tree }) => tree)),
  explain: (given: Given) =>
    isReason(given)
      ? import("./cli/explainReason.ts").then(({ explainReason }) => explainReason(given))
      : asking(() => import("./cli/explain.ts").then(({ explain }) => explain))(given),
  events: asking(() => import("./cli/events.ts").then(({ events }) => events)),
  install: (given: Given) =>
    Promise.all([import("effect/Effect"), import("./cli/install.ts"), import("./installer.ts")])
      .then(([Effect, { install }, { installer }]) =>
        Effect.provide(install(given, version()), installer(cluster(given)))
      ),
  uninstall: (given: Given) =>
    Promise.all([import("effect/Effect"), import("./cli/uninstall.ts"), import("./installer.ts")])
      .then(([Effect, { uninstall }, { installer }]) => Effect.provide(uninstall(given), installer(cluster(given)))),
  doctor: (given: Given) =>
    Promise.all([import("effect/Effect"), import("./cli/doctor.ts"), import("./installer.ts")])
      .then(([Effect, { doctor }, { examiner }]) => Effect.provide(doctor(given, version()), examiner(cluster(given)))),
  version: (given: Given) => import("./cli/version.ts").then((verb) => verb.version(given, version())),
  generate: (given: Given) => import("./cli/generate.ts").then(({ generate }) => generate(given))
}

/**
 * Stops the young generation at 4 MB, where it stands after these modules: V8 would let it grow to 16 MB while the rest
 * loads, and 32 MB of an agent's memory would be garbage that waits. No flag that is set after the start of Node says so
 * more directly.
 */
const stayYoung = async (): Promise<void> => {
  await import("effect/Schema")
  const { setFlagsFromString } = await import("node:v8")
  setFlagsFromString("--semi-space-growth-factor=1")
}

/** Milliseconds that an end takes at most. */
const patience = 9_000

const run = async (verb: VerbName, given: Given): Promise<void> => {
  startFast()
  if (verb === "run" || verb === "agent") await stayYoung()
  const [effect, Effect, Exit, Layer, { runMain }, spawner, files, paths, { program }] = await Promise.all([
    load[verb](given),
    import("effect/Effect"),
    import("effect/Exit"),
    import("effect/Layer"),
    import("@effect/platform-node/NodeRuntime"),
    // Not NodeServices: terminal and standard streams are not used and cost a tenth of the start.
    import("@effect/platform-node/NodeChildProcessSpawner"),
    import("@effect/platform-node/NodeFileSystem"),
    import("@effect/platform-node/NodePath"),
    import("./cli/program.ts")
  ])
  const platform = spawner.layer.pipe(Layer.provideMerge(Layer.merge(files.layer, paths.layer)))
  let interrupted = 130
  process.once("SIGTERM", () => {
    interrupted = 143
    // A write in flight is not cut short; a cluster that does not answer must not keep us: what a kill may leave, this may.
    setTimeout(() => process.exit(interrupted), patience).unref()
  })
  runMain(Effect.provide(program(effect), platform), {
    disableErrorReporting: true,
    teardown: (exit, end) => end(Exit.isSuccess(exit) ? Number(exit.value) : interrupted)
  })
}

// Who reads has had enough, as `head` does: no error, and the code that a shell gives to a closed pipe.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error
    process.exit(141)
  })
}

const asked = commandLine(process.argv.slice(2))
switch (asked._tag) {
  case "Show":
    process.stdout.write(asked.text)
    break
  case "Version":
    process.stdout.write(`sluice ${version()}\n`)
    break
  case "Wrong":
    for (const { detail, hint } of asked.mistakes) process.stderr.write(`error: ${detail}\n  help: ${hint}\n`)
    process.exitCode = 2
    break
  case "Run":
    await run(asked.verb, asked.given)
}
