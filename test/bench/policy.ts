import * as Effect from "effect/Effect"
import { execFileSync, spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { Policy } from "../../src/policy/Policy.ts"
import { artifactOf, configMap, deliveryOf, gate, manifestOf, renderedOf } from "../policy/gate.ts"
import { policies, workload } from "../policy/workload.ts"
import { findPrograms } from "../support/controlplane/programs.ts"
import { median, row } from "./Ground.ts"

const objects = 1_000
const rounds = 15
/** Milliseconds that a batch of one object may take where a policy hangs. */
const deadline = 500

const hang = `package hangs

deny contains "found" if {
	input.data.hang
	some a in numbers.range(1, 3000)
	some b in numbers.range(1, 3000)
	some c in numbers.range(1, 3000)
	a == -1
	b == c
}
`

/** Milliseconds of CPU that the programs which this process has waited for have used; the clock of the kernel has 10 ms. */
const ofPrograms = (): number => {
  const fields = readFileSync("/proc/self/stat", "utf8").split(") ")[1]!.split(" ").map(Number)
  return (fields[13]! + fields[14]!) * 10
}

const figures = (all: ReadonlyArray<number>): string => `${median(all).toFixed(0)} ms [${Math.min(...all).toFixed(0)}]`

interface Round {
  readonly cpu: number
  readonly wall: number
}

/** All denials, of which the workload has so many. */
const denials = 40

/** Runs a program over all files and tells what it took. It answers 1 where something is denied. */
const program = (
  command: string,
  args: ReadonlyArray<string>,
  cwd: string,
  denied: (answer: string) => number
): Round => {
  const [before, start] = [ofPrograms(), performance.now()]
  const { error, status, stderr, stdout } = spawnSync(command, args, { cwd, encoding: "utf8", maxBuffer: 1 << 28 })
  const [wall, cpu] = [performance.now() - start, ofPrograms() - before]
  if (error !== undefined || status === null || status > 1) {
    throw new Error(`${command} ended with ${status}: ${error?.message ?? stderr}`)
  }
  const found = denied(stdout)
  if (found !== denials) throw new Error(`${command} finds ${found} denials instead of ${denials}`)
  return { cpu, wall }
}

interface Executed {
  readonly result: ReadonlyArray<{ readonly result: { readonly deny: ReadonlyArray<string> } }>
}
const executed = (answer: string): number =>
  (JSON.parse(answer) as Executed).result.reduce((sum, { result: { deny } }) => sum + deny.length, 0)

type Tested = ReadonlyArray<{ readonly failures?: ReadonlyArray<unknown> }>
const tested = (answer: string): number =>
  (JSON.parse(answer) as Tested).reduce((sum, { failures = [] }) => sum + failures.length, 0)

/** What each program is asked: the same rules over the same objects, a file each. */
const competitors = async (folder: string) => {
  const opa = (await findPrograms(["opa"], console.error)).get("opa")!
  for (const [path, text] of Object.entries(policies)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  // Both are asked once for each object, as the gate is: conftest would else ask each package for itself, at 7 s.
  const teams = Object.keys(policies).flatMap((path) => /p\d+/u.exec(path)?.[0].slice(1) ?? [])
  const rules = ["deny", "warn"].flatMap((rule) =>
    teams.map((team) => `${rule} contains message if some message in data.team${team}.${rule}`)
  )
  writeFileSync(join(folder, "policies", "all.rego"), `package all\n\n${rules.join("\n\n")}\n`)
  execFileSync(opa, ["build", "-b", "policies", "-o", "bundle.tar.gz"], { cwd: folder })
  mkdirSync(join(folder, "objects"))
  const names = Array.from({ length: objects }, (_, index) => join("objects", `${index}.json`))
  names.forEach((name, index) => writeFileSync(join(folder, name), JSON.stringify(workload(index))))
  const conftest = process.env.SLUICE_CONFTEST
  return {
    "opa exec": () =>
      program(
        opa,
        ["exec", "--bundle", "bundle.tar.gz", "--decision", "all", "--log-level", "error", "objects"],
        folder,
        executed
      ),
    ...conftest === undefined ? {} : {
      conftest: () =>
        program(
          conftest,
          ["test", "--namespace", "all", "--policy", "policies", "--output", "json", "objects"],
          folder,
          tested
        )
    }
  }
}

/** The gate over objects that it has never seen, and how late the event loop was meanwhile. */
const judged = Effect.fnUntraced(function*(round: number) {
  const gatekeeper = yield* Policy
  const set = yield* gatekeeper.load(deliveryOf(), artifactOf(policies))
  const rendered = renderedOf(
    ...Array.from({ length: objects }, (_, index) => manifestOf(workload(index, `${round} `)))
  )
  // Renders make garbage; what is collected of it is not the gate's.
  yield* Effect.sleep("50 millis")
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const [before, start] = [process.cpuUsage(), performance.now()]
  delay.enable()
  const { summary } = yield* gatekeeper.objects(set, rendered)
  delay.disable()
  const { system, user } = process.cpuUsage(before)
  if (summary.denied !== denials) throw new Error(`${summary.denied} denied instead of ${denials}`)
  // The histogram tells how far apart turns are that are asked for 1 ms apart.
  const late = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - 1)
  return {
    cpu: (user + system) / 1_000,
    wall: performance.now() - start,
    p99: late(delay.percentile(99)),
    latest: late(delay.max)
  }
})

/** How long the gate takes where one policy hangs on one object: at first, and then again. */
const hanging = Effect.gen(function*() {
  const gatekeeper = yield* Policy
  const files = { ...policies, "policies/hang.rego": hang }
  const set = yield* gatekeeper.load(deliveryOf(), artifactOf(files))
  yield* gatekeeper.objects(set, renderedOf(manifestOf(configMap("warm"))))
  const rendered = renderedOf(
    manifestOf(configMap("culprit", { hang: "yes" })),
    ...Array.from({ length: 20 }, (_, index) => manifestOf(workload(index, "hang ")))
  )
  const times: Array<number> = []
  for (let turn = 0; turn < 2; turn++) {
    const start = performance.now()
    const { violations } = yield* gatekeeper.objects(set, rendered)
    times.push(performance.now() - start)
    const told = violations.find(({ rule }) => rule === "error")
    if (told?.policy !== "hangs" || told.object.name !== "culprit") throw new Error("it names the wrong one")
  }
  return times
})

/** 20 policies over 1,000 manifests, in turns with the programs that do the same; and one policy that hangs. */
export const policy = async (): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-policy-"))
  try {
    const others = await competitors(folder)
    const took = new Map(Object.keys(others).map((name) => [name, new Array<Round>()]))
    const mine: Array<Effect.Success<ReturnType<typeof judged>>> = []
    const work = Effect.gen(function*() {
      // The first rounds start the thread and warm the compilers up.
      for (let round = -3; round < rounds; round++) {
        const one = yield* judged(round)
        if (round < 0) continue
        mine.push(one)
        if (round % 3 > 0) continue
        for (const [name, run] of Object.entries(others)) took.get(name)!.push(run())
      }
    })
    await Effect.runPromise(work.pipe(Effect.provide(gate()), Effect.scoped))
    const of = (name: keyof (typeof mine)[number]) => mine.map((each) => each[name])
    row("20 policies over 1,000 manifests: CPU", figures(of("cpu")), "goal 120 ms")
    row("  wall-clock time", figures(of("wall")))
    row("  event loop late, p99", figures(of("p99")), "goal 20 ms")
    row("  event loop late, at most", figures(of("latest")))
    for (const [name, all] of took) {
      row(`  ${name}: CPU`, figures(all.map(({ cpu }) => cpu)))
      row(`  ${name}: wall-clock time`, figures(all.map(({ wall }) => wall)))
    }
    const [first, again] = await Effect.runPromise(
      hanging.pipe(Effect.provide(gate(undefined, { deadline })), Effect.scoped)
    )
    row(
      "a policy that hangs on one object of 21",
      `${first!.toFixed(0)} ms`,
      `its deadline: ${deadline} ms and a bit, and a quarter to name the rule`
    )
    row("  the same again", `${again!.toFixed(0)} ms`, "goal: it is remembered")
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (process.argv[1] === import.meta.filename) await policy()
