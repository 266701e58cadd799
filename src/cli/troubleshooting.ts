import { errorPage, type Reason } from "../domain/StageError.ts"
import { helpOf, nextOf, stageOf } from "./reasons.ts"
import { troubles } from "./troubles.ts"

/** The reasons, those that are well last. */
export const reasons: ReadonlyArray<Reason> = [
  "PolicyDenied",
  ...(Object.keys(troubles) as ReadonlyArray<Reason>).filter((reason) => Object.hasOwn(errorPage, reason)),
  "NotifyFailed",
  "InProgress",
  "Suspended",
  "Succeeded"
]

const exitCodes: Readonly<Partial<Record<Reason, number>>> = { Succeeded: 0, PolicyDenied: 1 }

const exitCodeOf = (reason: Reason): number | undefined =>
  Object.hasOwn(errorPage, reason) ? errorPage[reason as keyof typeof errorPage].exitCode : exitCodes[reason]

const stepsOf = (reason: Reason): ReadonlyArray<string> => {
  const help = helpOf(reason)
  return [...help === undefined ? [] : [help], ...troubles[reason].steps]
}

const factsOf = (reason: Reason): ReadonlyArray<readonly [label: string, value: string]> => {
  const facts = [["stage", stageOf(reason)], ["then", nextOf(reason)], ["exit code", exitCodeOf(reason)]] as const
  return facts.flatMap(([label, value]) => value === undefined ? [] : [[label, String(value)] as const])
}

const list = (title: string, items: ReadonlyArray<string>): ReadonlyArray<string> =>
  items.length === 0 ? [] : [title, "", ...items.map((item) => `- ${item}`), ""]

const section = (reason: Reason): ReadonlyArray<string> => {
  const { causes, commands, meaning } = troubles[reason]
  const facts = factsOf(reason).map(([label, value]) => `*${label}*: ${value}`).join(" · ")
  return [
    `## ${reason}`,
    "",
    meaning,
    "",
    ...facts === "" ? [] : [facts, ""],
    ...list("Likely:", causes),
    ...list("What helps:", stepsOf(reason)),
    "```sh",
    ...commands,
    "```",
    ""
  ]
}

const anchor = (title: string): string =>
  `[${title}](#${title.toLowerCase().replace(/[^a-z0-9 ]/gu, "").replaceAll(" ", "-")})`

/** What no reason says: that nothing says anything. */
const nothing = `## Nothing happens

A commit is pushed, and no condition changes.

Likely:

- The agent does not run, or cannot reach the API server.
- Nobody told it: the webhook does not arrive, and the next poll is up to \`spec.source.interval\` away.
- The commit touches nothing that this Delivery reads: its revision moves on, and nothing else.
- The Delivery stands on another branch, tag or commit.

What helps:

- \`sluice doctor\` looks at the agent, its rights, its clock, the Git hosts and the webhooks.
- Ask for a run: where it ends well, only the news did not arrive.

\`\`\`sh
kubectl -n sluice-system get pods -l app.kubernetes.io/name=sluice
sluice doctor
sluice reconcile shop -n shop
\`\`\`

\`\`\`sh no-run needs a kubelet
kubectl -n sluice-system logs -l app.kubernetes.io/name=sluice --tail=50
\`\`\`
`

/** The page of every reason, each with its own anchor. */
export const troubleshooting: string = [
  "<!-- Made by `sluice generate`. -->",
  "<!-- Run in deploy/samples/shop. -->",
  "# Troubleshooting",
  "",
  "Find the reason, then its section. The message beside it says what, where (file, line, object) and what would help.",
  "",
  "```sh",
  "sluice get -A --status-selector ready=false",
  "sluice explain shop -n shop",
  "```",
  "",
  "`sluice explain <reason>` prints the same sections without a cluster. PolicyBundles and Notifiers use the same reasons.",
  "",
  "| reason | stage | in short |",
  "|---|---|---|",
  ...reasons.map((reason) => `| ${anchor(reason)} | ${stageOf(reason) ?? "–"} | ${troubles[reason].meaning} |`),
  `| ${anchor("Nothing happens")} | – | A commit is pushed, and no condition changes. |`,
  "",
  ...reasons.flatMap(section),
  nothing
].join("\n")

/** One section for a terminal. */
export const reasonText = (reason: Reason): string => {
  const { causes, commands, meaning } = troubles[reason]
  const block = (title: string, items: ReadonlyArray<string>) =>
    items.length === 0 ? [] : ["", title, ...items.map((item) => `  ${item}`)]
  return [
    `${reason}: ${meaning}`,
    ...factsOf(reason).map(([label, value]) => `  ${label.padEnd(10)} ${value}`),
    ...block("likely", causes),
    ...block("what helps", stepsOf(reason)),
    ...block("to see more", commands)
  ].join("\n")
}

/** One section for programs. */
export const reasonDocument = (reason: Reason) => {
  const { causes, commands, meaning } = troubles[reason]
  const [stage, next, exitCode] = [stageOf(reason), nextOf(reason), exitCodeOf(reason)]
  return {
    apiVersion: "cli.sluice.dev/v1",
    kind: "ReasonExplanation",
    reason,
    meaning,
    ...stage === undefined ? {} : { stage },
    ...next === undefined ? {} : { next },
    ...exitCode === undefined ? {} : { exitCode },
    causes,
    steps: stepsOf(reason),
    commands
  }
}
