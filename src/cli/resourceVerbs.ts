import { cluster } from "./clusterFlags.ts"
import type { Flag, Verb } from "./verbs.ts"

const namespace = {
  namespace: { short: "n", value: "NAME", about: "namespace to look in (default: the context's)" }
} as const satisfies Readonly<Record<string, Flag>>
const everywhere = {
  "all-namespaces": { short: "A", about: "look in all namespaces" }
} as const satisfies Readonly<Record<string, Flag>>
const selector = {
  selector: { short: "l", value: "LABELS", about: "only those with these labels: team=shop,tier!=web" }
} as const satisfies Readonly<Record<string, Flag>>
const watch = {
  watch: { short: "w", about: "then show every change, until it is ended" }
} as const satisfies Readonly<Record<string, Flag>>
const deadline = {
  timeout: { value: "DURATION", about: "how long the cluster may take to answer (1m)" }
} as const satisfies Readonly<Record<string, Flag>>

const reading: Flag = {
  short: "o",
  value: "FORMAT",
  choices: ["table", "wide", "json", "yaml", "name"],
  about: "how to write it (table)"
}
const steering: Flag = {
  short: "o",
  value: "FORMAT",
  choices: ["text", "json", "yaml", "name"],
  about: "what to write of the Deliveries afterwards (text)"
}
const all: Flag = { about: "every Delivery of the namespace; with -A of all" }

const named = {
  name: "NAME",
  about: "Deliveries: shop, or shop/checkout for one of another namespace"
}

/** The verbs that read and steer the agent's resources, as the person whose kubeconfig it is. */
export const resourceVerbs = {
  get: {
    about: "List Deliveries, PolicyBundles or Notifiers",
    more: "Exits 0 if it could answer, 2 if one that is named is not there.\n" +
      "With -w, -o json writes a document a line: {\"type\": \"ADDED | MODIFIED | DELETED\", \"object\"}.",
    operands: {
      name: "KIND, NAME",
      usage: "[KIND] [NAME…]",
      about: "deliveries (default), policies or notifiers; then names, or all of them"
    },
    flags: {
      ...namespace,
      ...everywhere,
      ...selector,
      "status-selector": {
        value: "STATES",
        about: "only in these states: ready=false, suspended=true, healthy=unknown"
      },
      output: reading,
      ...watch,
      ...deadline,
      ...cluster
    },
    examples: [
      "sluice get",
      "sluice get deliveries -A --status-selector ready=false",
      "sluice get policies -o wide",
      "sluice get delivery shop -o json"
    ]
  },
  reconcile: {
    about: "Ask the agent to run Deliveries now, and wait for the outcome",
    more: "Exits 0 if all are ready then, 1 if one is denied or failed, 3 if there is no outcome in time,\n" +
      "4 if the cluster refused to ask.",
    operands: named,
    flags: {
      ...namespace,
      ...everywhere,
      ...selector,
      all,
      confirm: { value: "DIGEST", about: "confirm the deletions of the changeset with this digest" },
      wait: { about: "wait for the outcome (that is what it does)" },
      "no-wait": { about: "ask, and end" },
      output: steering,
      timeout: { value: "DURATION", about: "how long to wait for the outcome (5m)" },
      ...cluster
    },
    examples: ["sluice reconcile shop", "sluice reconcile --all -n shop --timeout 10m"]
  },
  suspend: {
    about: "Stop the agent from changing what Deliveries own; drift is still reported",
    operands: named,
    flags: {
      ...namespace,
      ...everywhere,
      ...selector,
      all,
      reason: { value: "TEXT", about: "why, for whoever finds it suspended" },
      by: { value: "NAME", about: "who (default: the user that the cluster sees)" },
      until: { value: "TIME", about: "when it goes on by itself: 2h, or 2026-12-31T18:00:00Z" },
      output: steering,
      ...deadline,
      ...cluster
    },
    examples: ["sluice suspend shop --reason INC-42 --until 2h"]
  },
  resume: {
    about: "Let suspended Deliveries go on",
    operands: named,
    flags: { ...namespace, ...everywhere, ...selector, all, output: steering, ...deadline, ...cluster },
    examples: ["sluice resume shop"]
  },
  history: {
    about: "Show the last runs of a Delivery, the newest first",
    operands: { name: "NAME", usage: "NAME", about: "a Delivery: shop, or shop/checkout", least: 1, most: 1 },
    flags: { ...namespace, output: reading, ...deadline, ...cluster },
    examples: ["sluice history shop", "sluice history shop -o json"]
  },
  tree: {
    about: "Show what a Delivery owns, with the health of each object",
    more: "Objects are read as the person whose kubeconfig it is. Deliveries within are followed.",
    operands: { name: "NAME", usage: "NAME", about: "a Delivery: shop, or shop/checkout", least: 1, most: 1 },
    flags: { ...namespace, output: reading, ...deadline, ...cluster },
    examples: ["sluice tree shop", "sluice tree shop -o wide"]
  },
  explain: {
    about: "Say what runs, who made it, whether it is healthy, and why not",
    more: "A reason of Ready (HealthTimeout) is explained without a cluster.",
    operands: {
      name: "NAME",
      usage: "NAME | KIND/NAME | REASON",
      about: "a Delivery, an object (Deployment/checkout, Deployment/shop/checkout), or a reason",
      least: 1,
      most: 1
    },
    flags: {
      ...namespace,
      source: { value: "DIR", about: "a checkout of its source: shows the lines of manifests and rules that disagree" },
      output: reading,
      ...deadline,
      ...cluster
    },
    examples: [
      "sluice explain shop",
      "sluice explain shop --source .",
      "sluice explain Deployment/checkout -n shop",
      "sluice explain HealthTimeout"
    ]
  },
  events: {
    about: "Show the Kubernetes Events of Deliveries",
    operands: { name: "NAME", usage: "[NAME]", about: "a Delivery (default: all of the namespace)", most: 1 },
    flags: {
      ...namespace,
      ...everywhere,
      for: { value: "KIND/NAME", about: "of this object instead: Deployment/checkout" },
      types: { value: "TYPES", about: "only these: Normal, Warning" },
      output: reading,
      ...watch,
      ...deadline,
      ...cluster
    },
    examples: ["sluice events shop -w", "sluice events -A --types Warning"]
  }
} as const satisfies Readonly<Record<string, Verb>>
