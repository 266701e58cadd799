import * as Effect from "effect/Effect"
import { type Delivery, nameOf } from "../api/v1alpha1/Delivery.ts"
import { exitCodeOf, type StageError } from "../domain/StageError.ts"
import { Identity } from "../kube/Identity.ts"
import { readGuard } from "../pipeline/guarding.ts"
import { Guards } from "../pipeline/Guards.ts"
import { plan } from "../pipeline/Pipeline.ts"
import { Progress } from "../pipeline/Progress.ts"
import { ownIdentity, Rights } from "../pipeline/Rights.ts"
import { readTree } from "../pipeline/Tree.ts"
import { type ChangesetReport, differs, merge, ofChangeset, ofDenial, ofError } from "./ChangesetReport.ts"
import { painting } from "./color.ts"
import { type Given, textOf } from "./commandLine.ts"
import * as DeliveryFile from "./DeliveryFile.ts"
import { fileGuards, secretsNamespace } from "./fileGuards.ts"
import * as print from "./print.ts"
import { changes } from "./report/changes.ts"

interface Answer {
  readonly report: ChangesetReport
  readonly exitCode: number
}

const answered = (report: ChangesetReport): Answer => ({
  report,
  exitCode: report.verdict === "denied" || differs(report) ? 1 : 0
})

const failed = (error: StageError): Effect.Effect<Answer> =>
  Effect.as(print.errors([error]), { report: ofError(error), exitCode: exitCodeOf(error) })

/** The plan of one delivery, as it would be applied now. */
const planned = (delivery: Delivery) =>
  readTree(delivery).pipe(
    Effect.flatMap((tree) => plan(delivery, tree, { why: "interval", dryRun: true })),
    Effect.map((answer) =>
      answered(
        "changeset" in answer
          ? ofChangeset(nameOf(delivery), answer.changeset, answer, answer._tag === "Denied")
          : ofDenial(answer)
      )
    ),
    Effect.catch(failed),
    Effect.scoped,
    Effect.provideService(Progress, Progress.silent)
  )

/** Shows what a run would do, and does nothing. Answers 0 without differences, 1 with some, else the error's code. */
export const diff = Effect.fn("diff")(function*(given: Given) {
  const file = yield* DeliveryFile.read(textOf(given, "file") ?? "")
  const { deliveries, secrets, warnings } = file
  for (const warning of warnings) yield* print.warning(warning)
  const rights = yield* Rights
  const guardsOf = yield* fileGuards(file, (bundle) =>
    Effect.provide(
      readGuard(bundle),
      rights.of({ namespace: secretsNamespace(bundle), name: bundle.metadata.name }, Identity.Self(), secrets)
    ))
  const answers = yield* Effect.forEach(
    deliveries,
    (delivery) =>
      planned(delivery).pipe(
        Effect.provideService(Guards, guardsOf(delivery)),
        Effect.provide(rights.of(delivery.metadata, ownIdentity(delivery), secrets))
      ),
    { concurrency: 2 }
  )
  const report = merge(answers.map((answer) => answer.report))
  yield* print.result(
    textOf(given, "output") === "json" ? JSON.stringify(report, null, 2) : changes(report, painting(process.stdout))
  )
  return Math.max(...answers.map(({ exitCode }) => exitCode))
})
