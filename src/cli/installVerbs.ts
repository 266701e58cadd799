import { cluster } from "./clusterFlags.ts"
import type { Flag, Verb } from "./verbs.ts"

const namespace = {
  namespace: {
    short: "n",
    value: "NAME",
    about: "where the agent is (default: as before, or sluice-system)"
  }
} as const satisfies Readonly<Record<string, Flag>>
const output = {
  output: { short: "o", value: "FORMAT", choices: ["text", "json"], about: "how to tell it (text)" }
} as const satisfies Readonly<Record<string, Flag>>
const dryRun = {
  "dry-run": { about: "say what would be done, and do nothing" }
} as const satisfies Readonly<Record<string, Flag>>

/** The verbs that put the agent into a cluster, take it away, and say what is wrong with it. */
export const installVerbs = {
  install: {
    about: "Install the agent into a cluster, or upgrade it to this version",
    more:
      "Applies what this version ships, in order, and deletes what an earlier one installed and this one does not.\n" +
      "A second time it writes nothing. Exits 1 if somebody else owns what it would change, 3 if the agent was not\n" +
      "ready in time, 4 if the cluster refused. An agent that kubectl applied is taken over with its --overlay.",
    flags: {
      overlay: {
        value: "NAME",
        choices: ["quickstart", "production", "multi-tenant"],
        about: "what to install (default: as before, or quickstart)"
      },
      image: { value: "REF", about: "the agent's image, instead of the one of this version" },
      ...namespace,
      export: {
        about: "print the YAML (with -o json: a List), for Git or kubectl apply --server-side: asks no cluster"
      },
      "force-conflicts": { about: "take fields over that others changed" },
      ...dryRun,
      wait: { about: "wait until the agent is ready (that is what it does)" },
      "no-wait": { about: "apply, and end" },
      ...output,
      timeout: { value: "DURATION", about: "how long to wait for each thing (5m)" },
      ...cluster
    },
    examples: [
      "sluice install",
      "sluice install --overlay production --image registry.example.com/sluice:0.1.0",
      "sluice install --export --overlay multi-tenant"
    ]
  },
  uninstall: {
    about: "Take the agent out of a cluster; what Deliveries applied stays",
    more:
      "The agent is stopped first, and Deliveries are let go: none of their objects is deleted, unless --prune asks.\n" +
      "The definitions go last, and with them Deliveries, PolicyBundles and Notifiers. Ended half-way, run it again.\n" +
      "Exits 1 if Deliveries are held by an agent that sluice install does not know.",
    flags: {
      prune: { about: "first delete the Deliveries, and wait until the agent has deleted what they own" },
      "keep-crds": { about: "leave the definitions, and Deliveries, PolicyBundles and Notifiers" },
      yes: { short: "y", about: "do not ask" },
      ...dryRun,
      ...namespace,
      ...output,
      timeout: { value: "DURATION", about: "how long to wait for each thing (5m)" },
      ...cluster
    },
    examples: ["sluice uninstall --dry-run", "sluice uninstall --keep-crds --yes", "sluice uninstall --prune"]
  },
  doctor: {
    about: "Say what is wrong with the cluster, the agent and what it needs, and what would help",
    more:
      "Exits 0 if nothing failed (there may be warnings), 1 if something did, 2 if the cluster does not answer, 4 if\n" +
      "it refuses to tell of the installation or the Deliveries.\n" +
      "Git hosts are asked from here, and with the Secrets that you may read; no secret is shown.",
    flags: {
      pre: { about: "only what can be known before the agent is installed" },
      "hooks-url": { value: "URL", about: "where Git hosts send webhooks to: https://sluice.example.com" },
      ...namespace,
      output: { short: "o", value: "FORMAT", choices: ["table", "json"], about: "how to write it (table)" },
      timeout: { value: "DURATION", about: "how long one check may take (20s)" },
      ...cluster
    },
    examples: [
      "sluice doctor --pre",
      "sluice doctor",
      "sluice doctor -o json",
      "sluice doctor --hooks-url https://sluice.example.com"
    ]
  }
} as const satisfies Readonly<Record<string, Verb>>
