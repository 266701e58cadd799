import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { constVoid } from "effect/Function"
import type { Run } from "../../src/domain/Outcome.ts"
import type { Revision } from "../../src/domain/Revision.ts"
import { makeJournal } from "../../src/pipeline/Journal.ts"
import { applied } from "../controller/story.ts"

const revision = (letter: string): Revision => ({ name: "main", algorithm: "sha1", hash: letter.repeat(40) })

/** What is told of runs that apply, in a process that begins with this revision in the record. */
const told = Effect.fnUntraced(function*(recorded: Revision | undefined, ...revisions: ReadonlyArray<Revision>) {
  const runs: Array<Run> = []
  let stands = recorded
  const journal = yield* makeJournal({
    name: "shop/web",
    url: "https://git.example.com/shop.git",
    previous: Effect.sync(() => stands),
    tell: (run) => Effect.sync(() => void runs.push(run))
  }, constVoid)
  for (const each of revisions) {
    const attempt = yield* journal.begin(each, "webhook")
    yield* attempt.progress.started("apply")
    stands = each
    yield* attempt.ended(applied, undefined)
  }
  return runs.map(({ previous }) => previous)
})

it.effect("names the revision that stood before the run, and none before the first", () =>
  Effect.gen(function*() {
    const [a, b, c] = [revision("a"), revision("b"), revision("c")]
    assert.deepStrictEqual(yield* told(undefined, a, b), [undefined, a])
    assert.deepStrictEqual(yield* told(a, b, c), [a, b])
  }))
