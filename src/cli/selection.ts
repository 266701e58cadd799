import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { InvalidSpec } from "../domain/StageError.ts"
import { type Given, textOf } from "./commandLine.ts"
import { Failures } from "./Failures.ts"
import * as print from "./print.ts"
import { deliveries, get, list } from "./resources.ts"
import { nameIn, namespaceOf, scopeOf } from "./scope.ts"
import { read } from "./ShownDelivery.ts"

const refuse = (detail: string, hint: string) => InvalidSpec.make({ detail, hint })

/** The Deliveries that a command line means: those it names, or by `--all` and `-l`. One that is not there fails all. */
export const selected = Effect.fnUntraced(function*(given: Given) {
  const { operands, switches } = given
  const labels = textOf(given, "selector")
  const isAll = switches.has("all") || labels !== undefined
  if (operands.length > 0 && (isAll || switches.has("all-namespaces"))) {
    return yield* refuse("names stand beside --all, -A or -l", "Name Deliveries, or select them.")
  }
  if (operands.length === 0 && !isAll) {
    return yield* refuse("no Delivery is named", "Name one or more, or say --all for all of the namespace.")
  }
  if (isAll) {
    const namespace = yield* scopeOf(given)
    const found = yield* list(deliveries, { namespace, labels })
    if (found.length === 0) {
      yield* print.aside(`no Deliveries${namespace === undefined ? "" : ` in namespace ${namespace}; -A takes all`}`)
    }
    return found.map(read)
  }
  const namespace = yield* namespaceOf(given)
  const found = yield* Effect.forEach(operands, (text) => {
    const { name, namespace: where } = nameIn(text, namespace)
    return Effect.result(get(deliveries, where, name))
  }, { concurrency: 8 })
  const errors = found.flatMap((each) => Result.isFailure(each) ? [each.failure] : [])
  if (errors.length > 0) return yield* new Failures({ errors })
  return found.flatMap((each) => Result.isSuccess(each) ? [read(each.success)] : [])
})
