import type * as opaWasm from "@open-policy-agent/opa-wasm"
import { createRequire } from "node:module"
import { type Builtin, BuiltinError } from "./builtins/Builtin.ts"
import { emit, parse } from "./regoText.ts"
import { RegoObject, RegoSet, type RegoValue } from "./regoValue.ts"

// The package's ESM entry does not export the class that its types promise.
const { LoadedPolicy } = createRequire(import.meta.url)(
  "@open-policy-agent/opa-wasm"
) as typeof opaWasm

const pageBytes = 65_536
const initialPages = 5
/** 256 MiB. */
const maximumPages = 4_096
/** An instance never gives memory back: above 128 MiB it is replaced after the evaluation. */
const recycleBytes = 2_048 * pageBytes

/** The policy could not be evaluated: a conflict, no memory, a built-in that broke. Never a verdict. */
export class EvaluationError extends Error {}

interface Exports {
  readonly opa_eval: (...values: Array<number>) => number
  readonly opa_malloc: (bytes: number) => number
  readonly opa_value_dump: (address: number) => number
  readonly opa_value_parse: (address: number, bytes: number) => number
  readonly opa_json_dump: (address: number) => number
  readonly builtins: () => number
  readonly opa_wasm_abi_minor_version: { readonly value: number }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** opa-wasm throws strings, plain objects and Errors. */
const asEvaluationError = (thrown: unknown): EvaluationError =>
  thrown instanceof EvaluationError
    ? thrown
    : new EvaluationError(thrown instanceof Error ? thrown.message : typeof thrown === "string" ? thrown : "aborted")

/** One instance of a compiled policy: its memory, and the built-ins that it asks of us. */
class Instance {
  readonly #memory = new WebAssembly.Memory({ initial: initialPages, maximum: maximumPages })
  readonly #exports: Exports
  readonly #policy: InstanceType<typeof LoadedPolicy>
  readonly #names: ReadonlyMap<number, string>
  readonly #builtins: ReadonlyMap<string, Builtin>

  constructor(module: WebAssembly.Module, data: Uint8Array<ArrayBuffer>, builtins: ReadonlyMap<string, Builtin>) {
    this.#builtins = builtins
    const call = (id: number, _context: number, ...operands: Array<number>) => this.#call(id, operands)
    const instance = new WebAssembly.Instance(module, {
      env: {
        memory: this.#memory,
        opa_abort: (address) => {
          throw new EvaluationError(this.#read(address))
        },
        opa_println: () => 0,
        opa_builtin0: call,
        opa_builtin1: call,
        opa_builtin2: call,
        opa_builtin3: call,
        opa_builtin4: call
      }
    })
    this.#exports = instance.exports as Record<keyof Exports, never>
    const numbered = parse(this.#read(this.#exports.opa_json_dump(this.#exports.builtins())))
    const entries = numbered instanceof RegoObject ? numbered.entries : []
    this.#names = new Map(entries.map(([name, id]) => [Number(id), String(name)]))
    this.#policy = new LoadedPolicy({ instance, module }, this.#memory, this.#exports.opa_wasm_abi_minor_version.value)
    this.#policy.setData(data.buffer)
  }

  get bytes(): number {
    return this.#memory.buffer.byteLength
  }

  get builtinNames(): ReadonlyArray<string> {
    return [...this.#names.values()]
  }

  evaluate(entrypoint: string, input: Uint8Array): RegoValue | undefined {
    const address: number = this.#policy.dataHeapPtr
    const missing = address + input.length - this.bytes
    if (missing > 0) this.#memory.grow(Math.ceil(missing / pageBytes))
    new Uint8Array(this.#memory.buffer).set(input, address)
    const id = (this.#policy.entrypoints as Record<string, number>)[entrypoint]
    if (id === undefined) throw new EvaluationError(`no entrypoint ${entrypoint}`)
    const { dataAddr } = this.#policy
    const result = this.#exports.opa_eval(0, id, dataAddr, address, input.length, address + input.length, 1)
    const results = parse(this.#read(result))
    const [first] = results instanceof RegoSet ? results.items : []
    return first instanceof RegoObject ? first.get("result") : undefined
  }

  #read(address: number): string {
    const memory = new Uint8Array(this.#memory.buffer)
    return decoder.decode(memory.subarray(address, memory.indexOf(0, address)))
  }

  #call(id: number, operands: ReadonlyArray<number>): number {
    const name = this.#names.get(id)
    const builtin = name === undefined ? undefined : this.#builtins.get(name)
    if (builtin === undefined) throw new EvaluationError(`the built-in function ${name ?? id} is not provided`)
    const result = this.#invoke(
      builtin,
      operands.map((address) => parse(this.#read(this.#exports.opa_value_dump(address))))
    )
    if (result === undefined) return 0
    const bytes = encoder.encode(emit(result))
    const address = this.#exports.opa_malloc(bytes.length)
    new Uint8Array(this.#memory.buffer).set(bytes, address)
    return this.#exports.opa_value_parse(address, bytes.length)
  }

  #invoke(builtin: Builtin, operands: ReadonlyArray<RegoValue>): RegoValue | undefined {
    try {
      return builtin(...operands)
    } catch (error) {
      if (error instanceof BuiltinError) return undefined
      throw error
    }
  }
}

/**
 * Evaluates one compiled policy, input by input.
 *
 * An instance that anything was thrown through has leaked stack and is never used again; one that grew beyond 128 MiB
 * is replaced as well. Memory ends at 256 MiB. Time is bounded by nobody but the owner of this thread.
 */
export class Host {
  readonly #make: () => Instance
  #instance: Instance | undefined

  /** `data` is the text of a JSON object: the base documents under `data`. */
  constructor(module: WebAssembly.Module, data: Uint8Array, builtins: ReadonlyMap<string, Builtin>) {
    const own = new Uint8Array(data)
    this.#make = () => new Instance(module, own, builtins)
  }

  /** What the instance holds that evaluates next, in bytes; it never gives any of them back. */
  get bytes(): number {
    return this.#take().bytes
  }

  /** The built-ins that the policy calls and that the wasm does not hold. */
  get builtinNames(): ReadonlyArray<string> {
    return this.#take().builtinNames
  }

  /** The value of an entrypoint for an input (JSON text); undefined if it has none. Throws `EvaluationError` only. */
  evaluate(entrypoint: string, input: Uint8Array): RegoValue | undefined {
    try {
      const instance = this.#take()
      const value = instance.evaluate(entrypoint, input)
      if (instance.bytes > recycleBytes) this.#instance = undefined
      return value
    } catch (error) {
      this.#instance = undefined
      throw asEvaluationError(error)
    }
  }

  #take(): Instance {
    this.#instance ??= this.#make()
    return this.#instance
  }
}
