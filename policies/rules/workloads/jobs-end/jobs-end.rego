# METADATA
# title: Jobs end, and do not pile up
# description: >-
#   A Job without a deadline may run for ever, a CronJob that allows it beside itself, and finished Jobs stay until
#   somebody deletes them.
# related_resources:
# - ref: https://kubernetes.io/docs/concepts/workloads/controllers/job/#job-termination-and-cleanup
# custom:
#   id: workloads/jobs-end
#   severity: low
#   remedy: >-
#     Set activeDeadlineSeconds, for a Job also ttlSecondsAfterFinished, and for a CronJob concurrencyPolicy to Forbid
#     or Replace.
package library.workloads.jobs_end

deny contains {"msg": "spec.activeDeadlineSeconds is not set", "path": path} if {
	path := {"Job": ["spec"], "CronJob": ["spec", "jobTemplate"]}[input.kind]
	not is_positive(object.get(input, {"Job": ["spec"], "CronJob": ["spec", "jobTemplate", "spec"]}[input.kind], {}))
}

deny contains {"msg": "spec.ttlSecondsAfterFinished is not set", "path": ["spec"]} if {
	input.kind == "Job"
	not is_number(object.get(input, ["spec", "ttlSecondsAfterFinished"], null))
}

deny contains {"msg": message, "path": ["spec"]} if {
	input.kind == "CronJob"
	policy := object.get(input, ["spec", "concurrencyPolicy"], "Allow")
	not policy in {"Forbid", "Replace"}
	message := sprintf("spec.concurrencyPolicy is %s", [json.marshal(policy)])
}

is_positive(spec) if {
	is_number(spec.activeDeadlineSeconds)
	spec.activeDeadlineSeconds > 0
}
