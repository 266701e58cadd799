import { equals, isArray, RegoNumber, RegoObject, RegoSet, type RegoValue, setOf } from "../regoValue.ts"
import { array, BuiltinError, type BuiltinGroup, object, text } from "./Builtin.ts"

type Path = ReadonlyArray<RegoValue>

const fail = (why: string): never => {
  throw new BuiltinError(why)
}

/** A JSON pointer, or an array of keys; OPA allows the pointer without its leading slash. */
const pathOf = (value: RegoValue | undefined): Path => {
  if (value !== undefined && isArray(value)) return value
  const pointer = text(value)
  if (pointer === "") return []
  return pointer.replace(/^\/+/, "").split("/").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
}

const indexOf = (key: RegoValue, length: number): number => {
  if (key === "-") return length
  const index = typeof key === "number" ? key : typeof key === "string" && /^(0|[1-9]\d*)$/.test(key) ? Number(key) : -1
  return Number.isSafeInteger(index) && index >= 0 && !(key instanceof RegoNumber)
    ? index
    : fail("no index of an array")
}

const childOrNone = (parent: RegoValue, key: RegoValue): RegoValue | undefined => {
  if (parent instanceof RegoObject) return parent.get(key)
  if (parent instanceof RegoSet) return parent.items.find((item) => equals(item, key))
  return isArray(parent) ? parent[indexOf(key, parent.length)] : undefined
}

/** Null is a child like any other. */
const child = (parent: RegoValue, key: RegoValue): RegoValue => {
  const found = childOrNone(parent, key)
  return found === undefined ? fail("nothing there") : found
}

const without = (parent: RegoValue, key: RegoValue): RegoValue => {
  child(parent, key)
  if (parent instanceof RegoObject) return new RegoObject(parent.entries.filter(([name]) => !equals(name, key)))
  if (parent instanceof RegoSet) return new RegoSet(parent.items.filter((item) => !equals(item, key)))
  return isArray(parent) ? parent.toSpliced(indexOf(key, parent.length), 1) : parent
}

const inserted = (parent: RegoValue, key: RegoValue, value: RegoValue): RegoValue => {
  if (parent instanceof RegoObject) {
    return new RegoObject([...parent.entries.filter(([name]) => !equals(name, key)), [key, value]])
  }
  if (parent instanceof RegoSet) {
    return equals(key, value) ? setOf([...parent.items, value]) : fail("the key of a set's member is the member")
  }
  if (!isArray(parent)) return fail("a scalar has no children")
  const index = indexOf(key, parent.length)
  return index <= parent.length ? parent.toSpliced(index, 0, value) : fail("index out of range")
}

const replaced = (parent: RegoValue, key: RegoValue, value: RegoValue): RegoValue => {
  if (parent instanceof RegoSet) return setOf([...parent.items.filter((item) => !equals(item, key)), value])
  if (parent instanceof RegoObject) {
    return new RegoObject(parent.entries.map(([name, item]) => equals(name, key) ? [name, value] : [name, item]))
  }
  return isArray(parent) ? parent.with(indexOf(key, parent.length), value) : fail("a scalar has no children")
}

const at = (document: RegoValue, path: Path): RegoValue => path.reduce(child, document)

/** Changes the parent of a path. */
const edit = (
  document: RegoValue,
  path: Path,
  change: (parent: RegoValue, key: RegoValue) => RegoValue
): RegoValue => {
  const [key, ...rest] = path
  if (key === undefined) return fail("no parent")
  if (rest.length === 0) return change(document, key)
  return replaced(document, key, edit(child(document, key), rest, change))
}

const add = (document: RegoValue, path: Path, value: RegoValue): RegoValue =>
  path.length === 0 ? value : edit(document, path, (parent, key) => inserted(parent, key, value))

const required = (operation: RegoObject, name: string): RegoValue => {
  const value = operation.get(name)
  return value === undefined ? fail(`${name} is missing`) : value
}

const apply = (document: RegoValue, operation: RegoObject): RegoValue => {
  const path = pathOf(required(operation, "path"))
  const from = () => pathOf(required(operation, "from"))
  switch (text(operation.get("op"))) {
    case "add":
      return add(document, path, required(operation, "value"))
    case "remove":
      return edit(document, path, without)
    case "replace": {
      const value = required(operation, "value")
      return path.length === 0 ? value : add(edit(document, path, without), path, value)
    }
    case "move":
      return add(edit(document, from(), without), path, at(document, from()))
    case "copy":
      return add(document, path, at(document, from()))
    case "test":
      return equals(at(document, path), required(operation, "value")) ? document : fail("test failed")
    default:
      return fail("unknown op")
  }
}

/** JSON Patch (RFC 6902), with OPA's additions: paths as arrays, and sets. */
export const jsonPatch: BuiltinGroup = {
  "json.patch": (document, operations) =>
    array(operations).reduce<RegoValue>((patched, operation) => apply(patched, object(operation)), document ?? null)
}
