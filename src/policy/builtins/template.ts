import type { RegoObject } from "../regoValue.ts"
import { type RegoValue } from "../regoValue.ts"
import { BuiltinError, type BuiltinGroup, LimitError, object, text } from "./Builtin.ts"
import { Float, functions, Int, isTrue, printed, sortedKeys, type Value, valueOf } from "./templateFunctions.ts"
import { type Command, type Node, parseTemplate, type Pipe, type Term } from "./templateSyntax.ts"

const maximumSteps = 100_000
const maximumText = 1_000_000

const fail = (why: string): never => {
  throw new BuiltinError(`template: ${why}`)
}

/** Variables, those of the blocks around behind them. */
class Scope {
  readonly #values = new Map<string, Value>()
  readonly #outer: Scope | undefined

  constructor(outer?: Scope) {
    this.#outer = outer
  }

  declare(name: string, value: Value): void {
    this.#values.set(name, value)
  }

  assign(name: string, value: Value): void {
    if (this.#values.has(name)) this.#values.set(name, value)
    else (this.#outer ?? fail(`undefined variable ${name}`)).assign(name, value)
  }

  get(name: string): Value {
    return this.#values.has(name)
      ? this.#values.get(name)
      : (this.#outer ?? fail(`undefined variable ${name}`)).get(name)
  }
}

type Flow = "goes on" | "break" | "continue"

/** One rendering; ends after 100,000 steps or a million characters. */
class Rendering {
  output = ""
  #steps = 0

  walk(nodes: ReadonlyArray<Node>, dot: Value, scope: Scope): Flow {
    for (const node of nodes) {
      if (++this.#steps > maximumSteps) throw new LimitError("the template takes too many steps")
      const flow = this.#node(node, dot, scope)
      if (flow !== "goes on") return flow
    }
    return "goes on"
  }

  #node(node: Node, dot: Value, scope: Scope): Flow {
    switch (node.type) {
      case "text":
        this.#write(node.text)
        return "goes on"
      case "action": {
        const value = this.#pipe(node.pipe, dot, scope)
        if (node.pipe.variables.length === 0) this.#write(printed(value))
        return "goes on"
      }
      case "break":
      case "continue":
        return node.type
      case "range":
        return this.#range(node, dot, scope)
      default: {
        const inner = new Scope(scope)
        const value = this.#pipe(node.pipe, dot, inner)
        return isTrue(value)
          ? this.walk(node.body, node.type === "with" ? value : dot, inner)
          : this.walk(node.otherwise, dot, inner)
      }
    }
  }

  #range(node: Node & { readonly type: "if" | "range" | "with" }, dot: Value, scope: Scope): Flow {
    const { variables } = node.pipe
    const items = pairs(this.#pipe({ ...node.pipe, variables: [] }, dot, new Scope(scope)))
    if (items.length === 0) return this.walk(node.otherwise, dot, new Scope(scope))
    for (const [key, item] of items) {
      const inner = new Scope(scope)
      const bind = (name: string, value: Value) =>
        node.pipe.isDeclaring ? inner.declare(name, value) : inner.assign(name, value)
      if (variables.length === 1) bind(variables[0]!, item)
      if (variables.length === 2) {
        bind(variables[0]!, key)
        bind(variables[1]!, item)
      }
      if (this.walk(node.body, item, inner) === "break") break
    }
    return "goes on"
  }

  #write(text: string): void {
    this.output += text
    if (this.output.length > maximumText) throw new LimitError("the rendered text is too large")
  }

  #pipe({ commands, isDeclaring, variables }: Pipe, dot: Value, scope: Scope): Value {
    let value: Value
    for (const [index, command] of commands.entries()) {
      value = this.#command(command, dot, scope, index === 0 ? [] : [value])
    }
    for (const name of variables) {
      if (isDeclaring) scope.declare(name, value)
      else scope.assign(name, value)
    }
    return value
  }

  #command(command: Command, dot: Value, scope: Scope, piped: ReadonlyArray<Value>): Value {
    const [first, ...rest] = command
    if (first === undefined) return fail("empty command")
    if (first.type === "nil") return fail("nil is not a command")
    if (first.type !== "function") {
      if (rest.length + piped.length > 0) fail("only a function takes arguments")
      return this.#term(first, dot, scope)
    }
    const lazy = rest.map((term) => () => this.#term(term, dot, scope))
    const operands = [...lazy, ...piped.map((value) => () => value)]
    if (first.name === "and" || first.name === "or") return firstThat(first.name === "or", operands)
    const run = Object.hasOwn(functions, first.name) ? functions[first.name]! : fail(`no function ${first.name}`)
    return run(operands.map((operand) => operand()))
  }

  #term(term: Term, dot: Value, scope: Scope): Value {
    switch (term.type) {
      case "dot":
        return dot
      case "nil":
        return null
      case "constant":
        return typeof term.value === "bigint"
          ? new Int(term.value)
          : typeof term.value === "number"
          ? new Float(term.value)
          : term.value
      case "variable":
        return scope.get(term.name)
      case "function":
        return this.#command([term], dot, scope, [])
      case "group":
        return this.#pipe(term.pipe, dot, scope)
      case "fields":
        return term.names.reduce<Value>(field, this.#term(term.of, dot, scope))
    }
  }
}

const field = (value: Value, name: string): Value => {
  if (value === undefined) return undefined
  return value instanceof Map ? value.get(name) : fail(`no field ${name}`)
}

const maximumCount = BigInt(maximumSteps)

/** What a range goes over: keys and values. */
const pairs = (value: Value): ReadonlyArray<readonly [Value, Value]> => {
  if (value === undefined || value === null) return []
  if (value instanceof Map) return sortedKeys(value).map((key) => [key, value.get(key)])
  if (Array.isArray(value)) return value.map((item: Value, index) => [new Int(BigInt(index)), item])
  if (!(value instanceof Int)) return fail("cannot range over this")
  if (value.value > maximumCount) throw new LimitError("the template takes too many steps")
  return Array.from(
    { length: Math.max(Number(value.value), 0) },
    (_, index) => [new Int(BigInt(index)), new Int(BigInt(index))]
  )
}

/** `or` is the first that is true, `and` the first that is not; the last if there is none. */
const firstThat = (wanted: boolean, operands: ReadonlyArray<() => Value>): Value => {
  let value: Value
  if (operands.length === 0) fail("missing argument")
  for (const operand of operands) {
    value = operand()
    if (isTrue(value) === wanted) return value
  }
  return value
}

const render = (source: string, variables: RegoObject): RegoValue => {
  const rendering = new Rendering()
  const data = valueOf(variables)
  const scope = new Scope()
  scope.declare("$", data)
  rendering.walk(parseTemplate(source), data, scope)
  return rendering.output.replaceAll("<no value>", "<undefined>")
}

/**
 * Go's `text/template` without named templates (`define`, `template`, `block`) and the functions `js` and `call`: a
 * template with one of them ends the evaluation, so it denies.
 */
export const template: BuiltinGroup = {
  "strings.render_template": (source, variables) => render(text(source), object(variables))
}
