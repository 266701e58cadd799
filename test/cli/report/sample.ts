import type { CheckReport } from "../../../src/cli/CheckReport.ts"
import type { Violation } from "../../../src/domain/Decision.ts"

const bundle = { name: "repository", digest: `sha256:${"ab".repeat(32)}` }

const deployment = { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name: "checkout" }

const digestRequired: Violation = {
  policy: "image-digest-required",
  package: "policies.images",
  rule: "deny",
  severity: "deny",
  title: "Images are pinned by digest",
  impact: "high",
  message: "container \"app\" runs registry.example.com/checkout:1.4 <latest> & more",
  remedy: "Write image: name@sha256:…, as the build printed it.",
  url: "https://docs.example.com/images?a=1&b=2",
  object: deployment,
  source: { file: "environments/prod/checkout.yaml", line: 23, column: 16 },
  ruleSource: { file: "policies/images.rego", line: 14 },
  bundle
}

const platform = { name: "platform-baseline", digest: `sha256:${"cd".repeat(32)}` }

/**
 * Two findings that differ in their line only, a hostile one, a warning without a place, one of audited policies, one on
 * what would change, and two that are waived.
 */
export const denied: CheckReport = {
  apiVersion: "cli.sluice.dev/v1",
  kind: "CheckReport",
  verdict: "denied",
  summary: { objects: 12, passed: 40, warned: 2, denied: 4, waived: 2 },
  violations: [
    digestRequired,
    { ...digestRequired, source: { file: "environments/prod/checkout.yaml", line: 31 } },
    {
      policy: "names",
      package: "policies.names",
      rule: "deny_names",
      severity: "deny",
      message:
        "first\r\n::error::second, 100% | *bold* `code` @everyone <script>alert(1)</script> # ]]> \u001b[31mred\u0007",
      object: { ...deployment, name: "evil:name,with/things" },
      source: { file: "a b/c:d,e%f.yaml", line: 1 },
      bundle
    },
    {
      policy: "owner-label",
      package: "policies.labels",
      rule: "warn",
      severity: "warn",
      message: "has no label app.kubernetes.io/owner",
      object: { apiVersion: "v1", kind: "Namespace", name: "shop" },
      bundle
    },
    {
      ...digestRequired,
      policy: "registry",
      severity: "warn",
      enforcement: "audit",
      message: "pulls from docker.io",
      bundle: platform
    },
    {
      policy: "no-lost-data",
      package: "library.change_safety.no_lost_data",
      rule: "deny",
      severity: "deny",
      title: "Data is not deleted",
      impact: "critical",
      message: "PersistentVolumeClaim data would be deleted",
      remedy: "Leave it in the repository.",
      url: "https://docs.example.com/data",
      object: { apiVersion: "v1", kind: "PersistentVolumeClaim", namespace: "shop", name: "data" },
      ruleSource: { file: "rules/change-safety/no-lost-data.rego", line: 20 },
      bundle: platform
    }
  ],
  waived: [
    {
      ...digestRequired,
      object: { ...deployment, name: "legacy" },
      waiver: {
        policy: "image-digest-required",
        objects: [{ kind: "Deployment", name: "legacy" }],
        reason: "INC-42 | <script> # x\n::error::",
        owner: "@dana",
        until: "2026-12-31T00:00:00Z",
        where: { file: "policies/waivers.yaml", line: 2 }
      }
    },
    {
      ...digestRequired,
      severity: "warn",
      object: { ...deployment, name: "excepted" },
      waiver: { policy: "image-digest-required", objects: [], reason: "exception of the policy", owner: "policies" }
    }
  ],
  errors: []
}

export const passed: CheckReport = {
  ...denied,
  verdict: "passed",
  summary: { objects: 2, passed: 4, warned: 0, denied: 0, waived: 0 },
  violations: [],
  waived: []
}

export const failed: CheckReport = {
  ...passed,
  verdict: "error",
  summary: { objects: 0, passed: 0, warned: 0, denied: 0, waived: 0 },
  errors: [{
    reason: "RenderFailed",
    message: "nested mappings are not allowed in compact mappings",
    hint: "Run `sluice check` on the folder.",
    source: { file: "environments/dev/broken.yaml", line: 7, column: 3 }
  }]
}
