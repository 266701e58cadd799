import { displayOrigin } from "../domain/Manifest.ts"
import { display } from "../domain/ObjectRef.ts"
import { retold } from "../domain/StageError.ts"
import type { ProofError } from "./prove.ts"

const told = 10

const severity = (error: ProofError): number =>
  error._tag === "DiffFailed" ? error.class === "transient" ? 3 : 0 : error._tag === "ApplyConflict" ? 1 : 2

const line = ({ detail, object, origin }: ProofError): string =>
  [
    ...origin === undefined ? [] : [displayOrigin(origin)],
    ...object === undefined ? [] : [display(object)],
    detail
  ].join(": ")

/** One error for all that is wrong with a revision: the worst leads, the first ten are told, the rest counted. */
export const collect = (errors: readonly [ProofError, ...Array<ProofError>]): ProofError => {
  const [first, ...rest] = [...errors].sort((a, b) => severity(a) - severity(b))
  if (first === undefined || rest.length === 0) return errors[0]
  const others = rest.slice(0, told - 1).map(line)
  const more = rest.length - others.length
  const detail = [first.detail, ...others, ...more > 0 ? [`and ${more} more`] : []].join("; also ")
  return retold(first, { detail })
}
