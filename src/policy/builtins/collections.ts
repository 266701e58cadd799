import { equals, integer, isArray, RegoObject, RegoSet, type RegoValue, setOf } from "../regoValue.ts"
import { bigInteger, BuiltinError, type BuiltinGroup, LimitError, members, object } from "./Builtin.ts"

const isSublist = (whole: ReadonlyArray<RegoValue>, part: ReadonlyArray<RegoValue>): boolean =>
  whole.some((_, start) =>
    part.every((item, index) => start + index < whole.length && equals(whole[start + index]!, item))
  )
  || part.length === 0

const has = (items: ReadonlyArray<RegoValue>, wanted: RegoValue) => items.some((item) => equals(item, wanted))

const isSubset = (whole: RegoValue, part: RegoValue): boolean => {
  if (whole instanceof RegoObject && part instanceof RegoObject) {
    return part.entries.every(([key, value]) => {
      const other = whole.get(key)
      return other !== undefined && (equals(other, value) || isNestedSubset(other, value))
    })
  }
  if (whole instanceof RegoSet && part instanceof RegoSet) return part.items.every((item) => has(whole.items, item))
  if (isArray(whole) && isArray(part)) return isSublist(whole, part)
  if (isArray(whole) && part instanceof RegoSet) return part.items.every((item) => has(whole, item))
  throw new BuiltinError("both must be of one type, or an array and a set")
}

/** Inside objects an array is never compared with a set. */
const isNestedSubset = (whole: RegoValue, part: RegoValue): boolean =>
  (whole instanceof RegoObject && part instanceof RegoObject
    || whole instanceof RegoSet && part instanceof RegoSet
    || isArray(whole) && isArray(part)) && isSubset(whole, part)

const maximumItems = 100_000

const range = (from: bigint, to: bigint, step: bigint): ReadonlyArray<RegoValue> => {
  if (step <= 0n) throw new BuiltinError("step must be positive")
  const length = (from <= to ? to - from : from - to) / step + 1n
  if (length > maximumItems) throw new LimitError(`more than ${maximumItems} numbers`)
  const direction = from <= to ? step : -step
  return Array.from({ length: Number(length) }, (_, index) => integer(from + direction * BigInt(index)))
}

const neighbours = (graph: RegoObject, node: RegoValue): ReadonlyArray<RegoValue> | undefined => {
  const edges = graph.get(node)
  if (edges === undefined) return undefined
  return edges instanceof RegoSet ? edges.items : isArray(edges) ? edges : []
}

/** Every path from the roots to an end, to a node outside of the graph, or to the node before a cycle closes. */
const reachablePaths = (graph: RegoObject, roots: ReadonlyArray<RegoValue>): RegoSet => {
  const paths: Array<ReadonlyArray<RegoValue>> = []
  const commit = (path: ReadonlyArray<RegoValue>) => {
    if (paths.push(path) > maximumItems) throw new LimitError(`more than ${maximumItems} paths`)
  }
  const follow = (node: RegoValue, path: ReadonlyArray<RegoValue>): void => {
    const edges = neighbours(graph, node)
    if (edges === undefined) return commit(path)
    const extended = [...path, node]
    if (edges.length === 0) return commit(extended)
    for (const next of edges) {
      if (has(extended, next)) commit(extended)
      else follow(next, extended)
    }
  }
  for (const root of roots) if (neighbours(graph, root) !== undefined) follow(root, [])
  return setOf(paths)
}

/** Objects, sets, ranges and graphs. What could grow without end stops at 100,000 items and is undefined then. */
export const collections: BuiltinGroup = {
  "object.subset": (whole, part) => isSubset(whole ?? null, part ?? null),
  "numbers.range_step": (from, to, step) => range(bigInteger(from), bigInteger(to), bigInteger(step)),
  "graph.reachable_paths": (graph, roots) => reachablePaths(object(graph), members(roots))
}
