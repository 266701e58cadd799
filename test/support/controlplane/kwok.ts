import type { Request } from "./request.ts"

/** A node that nobody runs: ready from the start, with room for everything. */
export const fakeNode = (name: string) => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, labels: { "kubernetes.io/hostname": name }, annotations: { "kwok.x-k8s.io/node": "fake" } },
  status: {
    allocatable: { cpu: "1k", memory: "1Ti", pods: "1M" },
    capacity: { cpu: "1k", memory: "1Ti", pods: "1M" },
    conditions: [{ type: "Ready", status: "True", reason: "KubeletReady", message: "kwok" }],
    phase: "Running"
  }
})

export const addNodes = (request: Request, count: number) =>
  Promise.all(Array.from({ length: count }, (_, i) => request("POST", "/api/v1/nodes", fakeNode(`node-${i}`))))

const stage = (kind: "Node" | "Pod", name: string, expressions: string, next: string) =>
  `---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: {name: ${name}}
spec:
  resourceRef: {apiGroup: v1, kind: ${kind}}
  selector:
    matchExpressions: [${expressions}]
  next:
${next}`

const alive = "{key: .metadata.deletionTimestamp, operator: DoesNotExist}"
const phase = (value: string) => `{key: .status.phase, operator: In, values: [${value}]}`
const fate = `'.metadata.annotations["test.sluice.dev/fate"]'`

const condition = (type: string, status: string) =>
  `      - {type: ${type}, status: "${status}", lastTransitionTime: {{ Now | Quote }}}\n`

/**
 * How fake nodes treat pods: they run at once, pods of Jobs then succeed, deleted ones go. A pod with the annotation
 * `test.sluice.dev/fate: crash` goes into CrashLoopBackOff instead, one with `fate: pending` stays as it is.
 */
export const stages = [
  // kwok looks after the pods of a node only if there is a stage for nodes; this one never applies
  stage("Node", "node-ready", phase("Unknown"), "    statusTemplate: |\n      phase: Running\n"),
  stage(
    "Pod",
    "pod-ready",
    `${alive}, ${phase("Pending")}, {key: ${fate}, operator: DoesNotExist}`,
    `    statusTemplate: |
      phase: Running
      startTime: {{ Now | Quote }}
      {{ with PodIPsWith .spec.nodeName false .metadata.uid .metadata.name .metadata.namespace }}
      podIP: {{ index . 0 | Quote }}
      podIPs: [{ip: {{ index . 0 | Quote }}}]
      {{ end }}
      conditions:
${["Initialized", "Ready", "ContainersReady"].map((type) => condition(type, "True")).join("")}\
      containerStatuses:
      {{ range .spec.containers }}
      - {name: {{ .name | Quote }}, image: {{ .image | Quote }}, ready: true, started: true, restartCount: 0, \
state: {running: {startedAt: {{ Now | Quote }}}}}
      {{ end }}
`
  ),
  stage(
    "Pod",
    "pod-crash",
    `${alive}, ${phase("Pending")}, {key: ${fate}, operator: In, values: [crash]}`,
    `    statusTemplate: |
      phase: Running
      startTime: {{ Now | Quote }}
      conditions:
${condition("Initialized", "True")}${["Ready", "ContainersReady"].map((type) => condition(type, "False")).join("")}\
      containerStatuses:
      {{ range .spec.containers }}
      - {name: {{ .name | Quote }}, image: {{ .image | Quote }}, ready: false, restartCount: 5, \
state: {waiting: {reason: CrashLoopBackOff, message: back-off 5m0s restarting failed container}}}
      {{ end }}
`
  ),
  stage(
    "Pod",
    "pod-complete",
    `${alive}, ${phase("Running")}, {key: ".metadata.ownerReferences.[].kind", operator: In, values: [Job]}`,
    `    statusTemplate: |
      phase: Succeeded
      containerStatuses:
      {{ range .spec.containers }}
      - {name: {{ .name | Quote }}, image: {{ .image | Quote }}, ready: false, restartCount: 0, \
state: {terminated: {exitCode: 0, reason: Completed, finishedAt: {{ Now | Quote }}}}}
      {{ end }}
`
  ),
  stage("Pod", "pod-delete", "{key: .metadata.deletionTimestamp, operator: Exists}", "    delete: true\n")
].join("")
