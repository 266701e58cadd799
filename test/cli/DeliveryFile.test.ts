import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { parse } from "../../src/cli/DeliveryFile.ts"

const delivery = (spec: string, name = "shop"): string =>
  `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: ${name}, namespace: shop}
spec:
  source: {git: {url: "https://git.example.com/shop.git", branch: main}}
${spec}`

const bundle = (spec: string): string =>
  `apiVersion: sluice.dev/v1alpha1
kind: PolicyBundle
metadata: {name: baseline}
spec:
  source: {library: [images]}
${spec}`

const told = (text: string): ReadonlyArray<string> => {
  const parsed = parse("delivery.yaml", text)
  if (Result.isSuccess(parsed)) return []
  return parsed.failure.map(({ detail, hint, origin }) =>
    `${origin?.line}:${origin?.column} ${detail}${hint === undefined ? "" : ` | ${hint}`}`
  )
}

const bomb = [
  "a0: &a0 [x, x]",
  ...Array.from(
    { length: 9 },
    (_, i) => `a${i + 1}: &a${i + 1} [${Array.from({ length: 10 }, () => `*a${i}`).join(", ")}]`
  )
].join("\n")

describe("delivery files", () => {
  const refused: ReadonlyArray<readonly [what: string, text: string, told: ReadonlyArray<string>]> = [
    ["a field that does not exist, with the nearest right name", delivery("  pth: environments\n"), [
      "6:3 unknown field \"pth\" in spec | Did you mean \"path\"?"
    ]],
    ["a field two levels down", delivery("  apply: {wiat: true}\n"), [
      "6:11 unknown field \"wiat\" in spec.apply | Did you mean \"wait\"?"
    ]],
    ["a field that is nothing like a right one, with the right ones", delivery("  policy: {zzzzzz: 1}\n"), [
      "6:12 unknown field \"zzzzzz\" in spec.policy | Known here: data, enforcement, paths, regoVersion."
    ]],
    ["a value of the wrong type", delivery("  suspend: maybe\n"), ["6:3 spec.suspend: expected boolean"]],
    ["a duration that is none", delivery("  apply: {timeout: 5 minutes}\n"), [
      "6:11 spec.apply.timeout: expected a duration such as 30s or 1h30m"
    ]],
    ["two renderers", delivery("  plain: {}\n  helm: {}\n"), [
      "7:3 spec names two renderers: plain and helm | Keep one, or none: the folder tells what it is."
    ]],
    ["no ref at all", delivery("").replace(", branch: main", ""), [
      "5:12 spec.source.git names no branch, tag or commit | " +
      "Exactly one of branch, tag and commit says which revision is wanted."
    ]],
    ["two refs", delivery("").replace("branch: main", "branch: main, tag: v1"), [
      "5:73 spec.source.git names branch and tag | Exactly one of branch, tag and commit says which revision is wanted."
    ]],
    ["everything at once", delivery("  pth: x\n  suspend: 3\n  plain: {}\n  helm: {}\n"), [
      "6:3 unknown field \"pth\" in spec | Did you mean \"path\"?",
      "7:3 spec.suspend: expected boolean",
      "9:3 spec names two renderers: plain and helm | Keep one, or none: the folder tells what it is."
    ]],
    ["a name twice", `${delivery("")}---\n${delivery("")}`, [
      "9:12 the Delivery shop/shop is there twice: first on line 3"
    ]],
    ["a kind that does not belong here", "apiVersion: v1\nkind: ConfigMap\n", [
      "2:1 the kind \"ConfigMap\" does not belong here | Known here: Delivery, Namespace, Notifier, PolicyBundle, Secret."
    ]],
    [
      "a bundle with a waiver that has no end",
      `${delivery("")}---\n${bundle("  waivers:\n    - {policy: a, reason: b, owner: c}\n")}`,
      [
        "13:7 the field \"until\" is missing in spec.waivers[0] | Mend the PolicyBundle."
      ]
    ],
    [
      "a bundle of two sources",
      `${delivery("")}---\n${bundle("").replace("library:", "git: {url: x, branch: y}, library:")}`,
      [
        "11:38 spec.source names git and library | Exactly one of git and library says where the policies come from."
      ]
    ],
    ["a bundle twice", `${delivery("")}---\n${bundle("")}---\n${bundle("")}`, [
      "15:12 the PolicyBundle baseline is there twice: first on line 9"
    ]],
    ["another version", "apiVersion: sluice.dev/v1\nkind: Delivery\n", [
      "1:1 apiVersion: expected \"sluice.dev/v1alpha1\" for a Delivery"
    ]],
    [
      "a sink that does not exist",
      `${delivery("")}---\napiVersion: sluice.dev/v1alpha1\nkind: Notifier
metadata: {name: chat, namespace: shop}\nspec:\n  slak: {}\n`,
      [
        "11:3 a Notifier names exactly one of slack, teams, webhook in its spec | Did you mean \"slack\"?"
      ]
    ],
    [
      "a sink with a wrong field, without the complaints of the other sinks",
      `${delivery("")}---
apiVersion: sluice.dev/v1alpha1\nkind: Notifier\nmetadata: {name: chat, namespace: shop}
spec: {slack: {chanel: x, secretRef: {name: slack}}}\n`,
      [
        "10:16 unknown field \"chanel\" in spec.slack | Did you mean \"channel\"?"
      ]
    ],
    ["YAML that does not parse", "kind: Delivery\n  metadata: {}\n", [
      "1:7 Nested mappings are not allowed in compact mappings | Mend the file: it has to be YAML."
    ]],
    ["an alias bomb", bomb, [
      "undefined:undefined expands to too much: more aliases than a file written by a person has | " +
      "Mend the file: it has to be YAML."
    ]],
    ["an empty file", "# nothing\n", ["undefined:undefined holds no Delivery"]]
  ]
  for (const [what, text, expected] of refused) {
    it(`refuses ${what}`, () => assert.deepStrictEqual(told(text), expected))
  }

  it("takes the key of what is told with quotes, as kubectl wants it, and without", () => {
    for (const key of ["on", "\"on\""]) {
      const parsed = parse("delivery.yaml", delivery(`  notify: [{name: chat, ${key}: [failed]}]\n`))
      assert.deepStrictEqual(Result.getOrThrow(parsed).deliveries[0]!.spec.notify, [{ name: "chat", on: ["failed"] }])
    }
  })

  it("never tells what stands in a Secret", () => {
    const secret = (body: string) => `apiVersion: v1\nkind: Secret\nmetadata: {name: git}\n${body}`
    for (
      const text of [
        secret("data: {password: \"hunter2!\"}\n"),
        secret("stringData: {password: [hunter2]}\n"),
        secret("stringData:\n  password: \"hunter2\" hunter2\n"),
        secret("stringData:\n  password: {hunter2\n"),
        secret("stringData:\n\tpassword: hunter2\n")
      ]
    ) {
      const all = told(text)
      assert.isAtLeast(all.length, 1)
      assert.notInclude(all.join("\n"), "hunter2")
    }
  })

  it("survives nesting without end", () => assert.isAtLeast(told("[".repeat(200_000)).length, 1))

  it("reads Deliveries, Notifiers and Secrets, and says which notifier is missing", () => {
    const parsed = parse(
      "delivery.yaml",
      [
        delivery("  notify: [{name: chat}, {name: gone}]\n"),
        "apiVersion: sluice.dev/v1alpha1\nkind: Notifier\nmetadata: {name: chat, namespace: shop}\n" +
        "spec: {slack: {channel: C1, secretRef: {name: slack}}}\n",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: slack, namespace: shop}\nstringData: {token: xoxb}\n" +
        "data: {address: aHR0cHM=}\n"
      ].join("---\n")
    )
    assert.isTrue(Result.isSuccess(parsed))
    if (Result.isFailure(parsed)) return
    const { deliveries, notifiers, secrets, warnings } = parsed.success
    assert.deepStrictEqual(deliveries.map(({ spec }) => spec.apply.timeout), ["5m"])
    assert.deepStrictEqual(notifiers.map(({ metadata }) => metadata.name), ["chat"])
    assert.strictEqual(Redacted.value(secrets[0]!.values.token!), "xoxb")
    assert.strictEqual(Redacted.value(secrets[0]!.values.address!), "https")
    assert.notInclude(JSON.stringify(secrets), "xoxb")
    assert.deepStrictEqual(warnings, [
      "shop/shop notifies \"gone\", and the file holds no such Notifier in its namespace"
    ])
  })
})
