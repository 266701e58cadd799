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
  bundle
}

/** Two findings that differ in their line only, a hostile one, a warning without a place, and an error. */
export const denied: CheckReport = {
  apiVersion: "cli.sluice.dev/v1",
  kind: "CheckReport",
  verdict: "denied",
  summary: { objects: 12, passed: 40, warned: 1, denied: 3, waived: 0 },
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
    }
  ],
  errors: []
}

export const passed: CheckReport = {
  ...denied,
  verdict: "passed",
  summary: { objects: 2, passed: 4, warned: 0, denied: 0, waived: 0 },
  violations: []
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
