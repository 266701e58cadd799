import type { Reason } from "../domain/StageError.ts"

/** What a person needs to know of one reason of `Ready`; the error page adds the stage, what happens next and the help. */
export interface Trouble {
  readonly meaning: string
  /** The likely causes, the likeliest first. */
  readonly causes: ReadonlyArray<string>
  /** What to do, beyond the help of the error page. */
  readonly steps: ReadonlyArray<string>
  /** Commands that show more, for a Delivery `shop` in the namespace `shop`. */
  readonly commands: ReadonlyArray<string>
}

const why = "sluice explain shop -n shop"
const now = "sluice reconcile shop -n shop"
const notifiers = "sluice get notifiers -n shop -o wide"

/** Every reason, so that none can be added without its page. */
export const troubles: Readonly<Record<Reason, Trouble>> = {
  Succeeded: {
    meaning: "The newest revision is applied, and all its objects are healthy.",
    causes: [],
    steps: [],
    commands: ["sluice history shop -n shop"]
  },
  InProgress: {
    meaning: "A run goes on, or it waits for objects to become healthy. `status.stage` says where it is.",
    causes: [
      "A rollout takes its time: up to spec.apply.timeout (5m).",
      "The agent does not run, and nobody ends what it began: see below, \"Nothing happens\"."
    ],
    steps: ["Wait, or push a newer commit: it ends the run before it."],
    commands: ["sluice get shop -n shop", "sluice tree shop -n shop"]
  },
  Suspended: {
    meaning: "Somebody stopped the Delivery. Nothing of it is changed; drift is told, not healed.",
    causes: ["`sluice suspend`, GitLab's button, or `suspend: true` in the manifest."],
    steps: [
      "Read who, why and until when in `sluice explain`; then let it go on.",
      "Where it comes back by itself: `suspend: true` stands in Git, in the Delivery's own manifest."
    ],
    commands: [why, "sluice resume shop -n shop"]
  },
  PolicyDenied: {
    meaning:
      "A policy refuses the newest revision. Nothing of it was written; the cluster stays on the revision before.",
    causes: [
      "The commit breaks a rule of its own repository, or of a PolicyBundle of the platform.",
      "A policy is new, or a waiver has ended: the same revision passed before.",
      "The commit loosens a policy and needs it at once: the policies in force before it judge too. Loosen first, in a " +
      "commit of its own."
    ],
    steps: [
      "Where it has to pass: a waiver with owner, reason and end, in `policies/waivers.yaml` for the repository's own " +
      "policies, in the PolicyBundle for the platform's."
    ],
    commands: [why, "sluice explain shop -n shop --source .", "sluice check environments/prod --explain"]
  },
  PolicyUnavailable: {
    meaning: "The policies cannot judge, so nothing passes: the gate fails closed. What stands in the cluster stays.",
    causes: [
      "A policy does not compile; the message names its file and line.",
      "A PolicyBundle that selects this Delivery cannot be loaded: wrong path, no such branch, no access.",
      "spec.policy.paths names a folder that this revision does not have.",
      "The record of the policies in force was deleted or damaged."
    ],
    steps: [
      "Where it is a PolicyBundle's: mend that. The Deliveries that it selects go on at once.",
      "Where the record is lost: restore its ConfigMaps, or change any field of spec.policy."
    ],
    commands: ["sluice get policies", why, "sluice test policies"]
  },
  FetchFailed: {
    meaning: "The source could not be read. What stands in the cluster stays.",
    causes: [
      "The Git host is down, or the cluster may not reach it: DNS, a proxy, a NetworkPolicy, a certificate.",
      "The branch, tag or commit is not there (any more).",
      "The address redirects, or is no repository; the repository is larger than the limits.",
      "The namespace's repositories take more than its share of the agent's disk, which is full."
    ],
    steps: [
      "Compare spec.source.git with the repository; look whether others of the same host fail as well.",
      "Where there is no room: follow fewer or smaller repositories there, or raise --data-limit and the `data` volume.",
      "A certificate of your own CA goes into `ca.crt` of the Secret."
    ],
    commands: ["sluice get -A --status-selector ready=false", "sluice events shop -n shop", now]
  },
  AuthFailed: {
    meaning: "The Git host (or the chat of a Notifier) refused the credentials, or wants some.",
    causes: [
      "The token has expired, was revoked, or may not read this repository.",
      "The Secret has other keys than `username` and `password`, or `bearerToken`.",
      "There is no secretRef, and the repository is private: hosts answer the same for one that is not there."
    ],
    steps: ["Put a new token into the Secret: the agent sees it and goes on by itself."],
    commands: ["sluice explain shop -n shop", "kubectl get secret -n shop", now, notifiers]
  },
  RenderFailed: {
    meaning: "The tree of this revision does not build: kustomize, helm or the YAML itself says why.",
    causes: [
      "A file that a kustomization names is not there; YAML is broken; a field is there twice.",
      "spec.path is not (or no longer) a folder of the repository.",
      "A chart's dependency is not in `charts/`: nothing is downloaded at render time.",
      "A template gives other output each time: random passwords, dates.",
      "An object is named like a record that Sluice keeps of a Delivery (`sluice-shop-inventory-0`)."
    ],
    steps: ["Run `sluice check` on the folder before you push: it renders the same way, without a cluster."],
    commands: ["sluice check environments/prod", why]
  },
  DiffFailed: {
    meaning: "The API server refused an object in the dry-run, before anything was written.",
    causes: [
      "A misspelt or misplaced field; a value that the schema or a CEL rule refuses.",
      "An immutable field changed: a Service's clusterIP, a Job's template. spec.apply.force: recreate replaces those.",
      "An admission webhook denies it, or does not answer.",
      "A kind that the cluster does not have: its CRD comes with another Delivery. Name that in dependsOn."
    ],
    steps: [],
    commands: [why, "kubectl explain deployment.spec.template"]
  },
  ApplyFailed: {
    meaning:
      "A write failed in the midst of a run. What was written is recorded; what is missing is written next time.",
    causes: [
      "The API server was not to be reached, or too busy.",
      "A quota, or an admission webhook, refused what the dry-run let through.",
      "The records of the Delivery cannot be read or written."
    ],
    steps: ["Nothing, where it passes. Look for a ResourceQuota and for webhooks where it does not."],
    commands: ["sluice events shop -n shop", "kubectl get resourcequota -n shop", now]
  },
  ApplyConflict: {
    meaning: "Somebody else has the object: another Delivery, or a field manager that you told us to respect.",
    causes: [
      "Two Deliveries render the same object, often by overlapping paths.",
      "It moved from one repository to another, and the first still has it.",
      "spec.apply.conflicts is `fail`, and kubectl or a controller set the field."
    ],
    steps: [
      "Remove it from one of the two; the other goes on the moment it is free.",
      "To hand it over without a gap: annotate it, in the new repository, with `sluice.dev/adopt` and who has it now: the " +
      "message says the value."
    ],
    commands: ["sluice explain Deployment/checkout -n shop", "sluice tree shop -n shop"]
  },
  PruneBlocked: {
    meaning: "The revision would delete more than was agreed, or what should not go unasked: nothing was deleted.",
    causes: [
      "More than spec.apply.deletionLimit (50%) of the objects would go.",
      "A Namespace, a PersistentVolumeClaim or a CustomResourceDefinition would go.",
      "A Delivery would go that owns one and would take it along, or of which nobody can tell what it owns.",
      "A path was renamed, or an overlay lost its resources by mistake."
    ],
    steps: [
      "Read what would be deleted; put it back in Git where it is a mistake.",
      "Where a Delivery is to go and its objects are to stay: first commit `deletion: orphan` to it, then remove it.",
      "Where it is meant: confirm this changeset by the digest that the message names. Another changeset asks again."
    ],
    commands: [why, "sluice reconcile shop -n shop --confirm sha256:…"]
  },
  HealthCheckFailed: {
    meaning: "An object reached an end that is not health: a Job failed, a rollout exceeded its deadline.",
    causes: [
      "The container ends at once: a wrong image, a missing Secret or ConfigMap, a bad command.",
      "A Job failed more often than its backoffLimit."
    ],
    steps: ["Mend it in Git and push: the newer commit is taken at once."],
    commands: [
      "sluice tree shop -n shop",
      "sluice events --for Deployment/checkout -n shop",
      "kubectl get pods -n shop"
    ]
  },
  HealthTimeout: {
    meaning: "All is written, and not all of it became healthy within spec.apply.timeout. It is looked at further.",
    causes: [
      "Pods do not become ready: the image cannot be pulled, no node has room, a probe fails.",
      "The rollout is only slow: large images, many replicas.",
      "A custom resource whose controller does not run, or does not write conditions."
    ],
    steps: ["spec.apply.wait: false does not wait at all."],
    commands: [
      "sluice tree shop -n shop",
      "sluice events --for Deployment/checkout -n shop",
      "kubectl get pods -n shop"
    ]
  },
  DependencyNotReady: {
    meaning: "A Delivery in spec.dependsOn is not ready on its newest revision, so this one waits.",
    causes: [
      "The other one failed, is denied, or is suspended: its own reason says more.",
      "It does not exist, or is in another namespace and the agent does not allow that.",
      "They wait for each other."
    ],
    steps: [],
    commands: ["sluice explain shop -n shop", "sluice get -A --status-selector ready=false"]
  },
  InvalidSpec: {
    meaning: "The Delivery (or Notifier, or PolicyBundle) does not make sense as it is written.",
    causes: [
      "A field says what cannot be: the message names it.",
      "A Secret that it names is not there, or lacks the keys that are wanted.",
      "It was written under older definitions that took more."
    ],
    steps: [
      "Mend the field, or make the Secret; it goes on at once. What waits for a Notifier is sent then, if it is not older " +
      "than a day."
    ],
    commands: ["kubectl explain delivery.spec", why, notifiers]
  },
  AccessDenied: {
    meaning: "The cluster said that this Delivery's account may not do it. Nothing is done as anybody else.",
    causes: [
      "The ServiceAccount `sluice` (or apply.serviceAccountName) of the namespace is not there.",
      "No Role lets it handle a kind, or list and watch it; a new kind came with this commit.",
      "The Delivery wants an object of another namespace, or of the cluster.",
      "A Notifier says it: the account of a Delivery that names it may not read its Secret."
    ],
    steps: [
      "Grant the verbs that the message names, with a Role and a RoleBinding in that namespace; it goes on by itself.",
      "`deploy/samples/tenant.yaml` has a Role to start from."
    ],
    commands: [why, "kubectl auth can-i --list --as system:serviceaccount:shop:sluice -n shop"]
  },
  NotifyFailed: {
    meaning: "The sink of a Notifier does not take messages. No run fails by that.",
    causes: [
      "The address in its Secret is no longer one: the webhook was deleted, the channel archived.",
      "The chat is down, or the cluster may not reach it: DNS, a proxy, a NetworkPolicy."
    ],
    steps: [
      "Put the right address into the Secret: the agent sees it, and what waits is sent at once.",
      "What was refused for good is not told again; `sluice history` and `sluice events` have it."
    ],
    commands: [notifiers, "sluice events shop -n shop"]
  }
}
