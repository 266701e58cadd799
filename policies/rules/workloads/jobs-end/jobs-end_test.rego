package library.workloads.jobs_end_test

import data.library.workloads.jobs_end

job(spec) := {"apiVersion": "batch/v1", "kind": "Job", "spec": spec}

cron(spec, job_spec) := {"kind": "CronJob", "spec": object.union(spec, {"jobTemplate": {"spec": job_spec}})}

test_bounded_jobs_are_allowed if {
	count(jobs_end.deny) == 0 with input as job({"activeDeadlineSeconds": 600, "ttlSecondsAfterFinished": 0})
	count(jobs_end.deny) == 0 with input as cron({"concurrencyPolicy": "Forbid"}, {"activeDeadlineSeconds": 600})
}

test_others_are_denied if {
	count(jobs_end.deny) == 2 with input as job({})
	count(jobs_end.deny) == 2 with input as job({"activeDeadlineSeconds": "600"})
	count(jobs_end.deny) == 2 with input as cron({}, {})
	count(jobs_end.deny) == 1 with input as cron({"concurrencyPolicy": "Allow"}, {"activeDeadlineSeconds": 1})
}
