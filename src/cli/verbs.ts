import { cluster } from "./clusterFlags.ts"
import { installVerbs } from "./installVerbs.ts"
import { resourceVerbs } from "./resourceVerbs.ts"

/** A `--flag` of a verb; without a `value` it is a switch. */
export interface Flag {
  readonly short?: string
  /** What stands for its value in the help. */
  readonly value?: string
  readonly choices?: ReadonlyArray<string>
  readonly repeated?: boolean
  readonly required?: boolean
  readonly about: string
}

/** One verb of the command line. This table is all that is known of it: parsing, help and reference are made from it. */
export interface Verb {
  readonly about: string
  readonly more?: string
  readonly operands?: {
    readonly name: string
    readonly about: string
    /** How they stand in the usage, where it is not `[NAME…]`. */
    readonly usage?: string
    readonly least?: number
    readonly most?: number
  }
  readonly flags: Readonly<Record<string, Flag>>
  readonly examples: ReadonlyArray<string>
  /** Left out of the help. */
  readonly hidden?: boolean
}

const file: Flag = {
  short: "f",
  value: "FILE",
  about: "YAML with Deliveries and, beside them, Notifiers, Secrets, PolicyBundles and Namespaces"
}

export const verbs = {
  check: {
    about: "Render and judge folders by their policies: no cluster, no Git, no configuration",
    more: "Exits 0 if they passed, 1 if a policy denies, 2 if it could not tell.\n" +
      "Policies are those of the nearest policies/ in PATH or above it, with the waivers.yaml in it.\n" +
      "A file with a Changeset (policy.sluice.dev/v1alpha1) is judged by the rules for changesets, at the time it names.\n" +
      "Files are named from, and may refer to others within, the nearest folder above that has a .git;\n" +
      "without one: the current folder where PATH is inside it, else PATH itself.\n" +
      "The table goes to stdout unless another format does.",
    operands: {
      name: "PATH",
      about: "folders to check, or files: kustomizations, charts, plain YAML, Changesets (default: .)"
    },
    flags: {
      file,
      policy: { value: "DIR", repeated: true, about: "policies to use instead of the nearest policies/" },
      library: {
        value: "NAME",
        repeated: true,
        about: "also policies of Sluice: pod-security/restricted, images, images/no-latest"
      },
      "rego-version": { value: "VERSION", choices: ["v0", "v1"], about: "the Rego of these policies (v1)" },
      output: {
        short: "o",
        value: "FORMAT[=FILE]",
        repeated: true,
        about: "table, json, junit, codequality, sarif, github, tap, markdown"
      },
      explain: { about: "show, in the table, the lines of the manifest and of the rule below each finding" },
      trace: { value: "RULE", about: "tell on stderr how OPA evaluates a policy (its id) or a rule, object by object" }
    },
    examples: [
      "sluice check environments/prod",
      "sluice check policies/no-lost-data/denied.json",
      "sluice check environments/* -o table -o codequality=gl-code-quality-report.json -o junit=junit.xml"
    ]
  },
  test: {
    about: "Run the tests of policies (*_test.rego) by OPA, after they compiled for the gate",
    more: "Exits 0 if they passed, 1 if one failed or too little is covered, 2 if it could not tell.\n" +
      "Tests see the data that the gate would see. PATH may be a part of policies/: all of it is compiled, and the tests\n" +
      "below PATH run.",
    operands: { name: "PATH", about: "folders of policies, or files of tests (default: the nearest policies/)" },
    flags: {
      coverage: { about: "tell of each file how much the tests cover, and which lines not" },
      threshold: { value: "N", about: "exit 1 where the tests cover less than N percent of the policies' lines" },
      run: { value: "REGEX", about: "only tests whose full name matches: data.policies.images_test.test_latest" },
      output: { short: "o", value: "FORMAT[=FILE]", repeated: true, about: "table, json, junit, tap, github" }
    },
    examples: ["sluice test", "sluice test policies/images --coverage --threshold 90", "sluice test -o junit=junit.xml"]
  },
  policy: {
    about: "Make a new policy: a rule that works, with its tests and samples, to be changed",
    more: "Writes NAME/NAME.rego, NAME/NAME_test.rego and samples of what it allows and denies; overwrites nothing.",
    operands: {
      name: "new NAME",
      usage: "new NAME",
      about: "the policy's id, words with dashes between them: image-digest-required",
      least: 2,
      most: 2
    },
    flags: {
      category: { value: "NAME", about: "a folder between: policies/images/image-digest-required" },
      changeset: { about: "judge what would change (deletions, shares, the commit) instead of each object" },
      dir: { value: "DIR", about: "where policies are (policies)" }
    },
    examples: [
      "sluice policy new image-digest-required --category images",
      "sluice policy new no-lost-data --changeset"
    ]
  },
  diff: {
    about: "Show what applying the newest revision would change, by dry-run",
    more:
      "Exits 0 without differences, 1 with some or with a denial, 2 if it could not tell, 4 if the cluster refused.",
    flags: {
      file: { ...file, required: true },
      output: { short: "o", value: "FORMAT", choices: ["table", "json"], about: "how to write the changes (table)" },
      ...cluster
    },
    examples: ["sluice diff -f delivery.yaml"]
  },
  run: {
    about: "Keep what a file of Deliveries says true, in the foreground",
    more:
      "With --once it exits with the outcome: 0 well, 1 denied or unhealthy, 2 could not tell, 3 timed out, 4 refused.",
    flags: {
      file: { ...file, required: true },
      once: { about: "end after one run of each Delivery, with its outcome's exit code" },
      confirm: { value: "DIGEST", about: "confirm the deletions of the changeset with this digest" },
      output: {
        short: "o",
        value: "FORMAT",
        choices: ["text", "json"],
        about: "progress for people, or a document a line"
      },
      ...cluster
    },
    examples: ["sluice run -f delivery.yaml", "sluice run -f delivery.yaml --once -o json"]
  },
  agent: {
    about: "Keep every Delivery of a cluster true: in the cluster, or outside on a kubeconfig",
    more: "Everything that it keeps on disk can be made again; what matters is in the cluster.",
    flags: {
      "agent-namespace": {
        value: "NAME",
        about: "its own: Deliveries in it may act as the agent (POD_NAMESPACE, or sluice-system)"
      },
      instance: { value: "NAME", about: "which of the replicas this is (POD_NAME, or the host's name)" },
      "lease-duration": { value: "DURATION", about: "how long before others take over from one that is gone (15s)" },
      "allow-cross-namespace": { about: "let a Delivery depend on one of another namespace" },
      "data-dir": { value: "DIR", about: "where packs, workspaces and compiled policies are kept (the cache)" },
      "data-limit": { value: "SIZE", about: "what they may take together, shared by namespaces in equal parts (3Gi)" },
      "http-address": { value: "HOST:PORT", about: "where webhooks and probes are served (127.0.0.1:9292)" },
      "metrics-address": { value: "HOST:PORT", about: "where metrics are served, or none (127.0.0.1:8080)" },
      "otlp-endpoint": { value: "URL", about: "where traces of runs go by OTLP/HTTP (OTEL_EXPORTER_OTLP_ENDPOINT)" },
      "cluster-name": { value: "NAME", about: "the cluster's name in messages" },
      concurrency: { value: "N", about: "requests to the API server at once (32)" },
      "allow-loopback": { about: "let Notifiers name addresses of this machine: for development" },
      ...cluster
    },
    examples: ["sluice agent --kubeconfig ~/.kube/config --agent-namespace sluice-system"]
  },
  ...installVerbs,
  ...resourceVerbs,
  version: {
    about: "Say which version this is",
    flags: {
      output: { short: "o", value: "FORMAT", choices: ["text", "json", "yaml"], about: "how to write it (text)" }
    },
    examples: ["sluice version", "sluice version -o json"]
  },
  generate: {
    about: "Write the files that are made from the sources",
    operands: {
      name: "WHAT",
      usage: "[reference | troubleshooting | crds | rights | schemas [DIR] | chart [DIR]]",
      about: "what to write (default: all); with DIR, the JSON Schemas for policies or the Helm chart go there"
    },
    flags: { check: { about: "write nothing; exit 1 if something is stale" } },
    examples: [
      "sluice generate --check",
      "sluice generate crds",
      "sluice generate schemas policies/schemas",
      "sluice generate chart deploy/chart"
    ],
    hidden: true
  }
} as const satisfies Readonly<Record<string, Verb>>

export type VerbName = keyof typeof verbs

export const verbNames = Object.keys(verbs) as ReadonlyArray<VerbName>

export const isVerb = (name: string): name is VerbName => Object.hasOwn(verbs, name)

export const verbOf = (name: VerbName): Verb => verbs[name]
