import { assert, describe, it } from "@effect/vitest"
import { commandLine, textOf } from "../../src/cli/commandLine.ts"
import { help, helpOf } from "../../src/cli/help.ts"
import { verbNames, verbOf } from "../../src/cli/verbs.ts"

const run = (...args: ReadonlyArray<string>) => {
  const asked = commandLine(args)
  assert.strictEqual(asked._tag, "Run")
  return asked._tag === "Run" ? asked : assert.fail()
}

const mistakes = (...args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const asked = commandLine(args)
  return asked._tag === "Wrong" ? asked.mistakes.map(({ detail, hint }) => `${detail} | ${hint}`) : []
}

describe("command line", () => {
  it("reads folders, repeated flags and switches in any order", () => {
    const { given, verb } = run("check", "-o", "table", "a", "--policy=p", "--output=junit=x.xml", "b", "--policy", "q")
    assert.strictEqual(verb, "check")
    assert.deepStrictEqual(given.operands, ["a", "b"])
    assert.deepStrictEqual(given.texts.output, ["table", "junit=x.xml"])
    assert.deepStrictEqual(given.texts.policy, ["p", "q"])
    const once = run("run", "--once", "-f", "delivery.yaml", "--context=kind")
    assert.isTrue(once.given.switches.has("once"))
    assert.strictEqual(textOf(once.given, "file"), "delivery.yaml")
    assert.strictEqual(textOf(once.given, "context"), "kind")
    assert.strictEqual(textOf(once.given, "kubeconfig"), undefined)
  })

  it("takes everything after -- as it is", () => {
    assert.deepStrictEqual(run("check", "--", "--odd").given.operands, ["--odd"])
  })

  it("tells every mistake and what was probably meant", () => {
    assert.deepStrictEqual(mistakes("chekc"), ["there is no verb \"chekc\" | Did you mean \"check\"?"])
    assert.deepStrictEqual(mistakes("check", "--polcy", "x", "-z"), [
      "unknown flag --polcy | Did you mean \"--policy\"?",
      "unknown flag -z | sluice check --help shows what may be said here."
    ])
    assert.deepStrictEqual(mistakes("diff", "-o", "yaml"), [
      "-o cannot be \"yaml\" | Known here: json, table.",
      "--file FILE is missing | sluice diff --help shows what may be said here."
    ])
    assert.lengthOf(mistakes("check", "-o"), 1)
    assert.lengthOf(mistakes("check", "-f", "--policy", "x"), 1)
    assert.lengthOf(mistakes("run", "-f", "a", "-f", "b"), 1)
    assert.lengthOf(mistakes("run", "-f", "a", "--once=yes"), 1)
    assert.lengthOf(mistakes("run", "-f", "a", "b"), 1)
    assert.lengthOf(mistakes("--once", "run"), 1)
  })

  it("knows nothing of what objects inherit", () => {
    assert.lengthOf(mistakes("toString"), 1)
    assert.lengthOf(mistakes("check", "--constructor", "x"), 1)
    assert.lengthOf(mistakes("check", "--__proto__=x"), 1)
  })

  it("shows help for the program and for each verb", () => {
    for (const args of [[], ["--help"], ["-h"], ["help"]]) {
      assert.deepStrictEqual(commandLine(args), { _tag: "Show", text: help })
    }
    for (const verb of verbNames) {
      for (const args of [[verb, "--help"], [verb, "-h", "--nonsense"], ["help", verb]]) {
        assert.deepStrictEqual(commandLine(args), { _tag: "Show", text: helpOf(verb) })
      }
      assert.strictEqual(help.includes(`  ${verb} `), verbOf(verb).hidden !== true)
    }
    assert.isTrue(
      [help, ...verbNames.map(helpOf)].every((text) => text.split("\n").every((line) => line.length <= 125))
    )
  })

  it("has examples that it can read itself", () => {
    for (const verb of verbNames) {
      for (const example of verbOf(verb).examples) run(...example.split(" ").slice(1))
    }
  })
})
