/** The part of the WebAssembly API that the policy host uses; the DOM library that declares it is not part of the build. */
declare namespace WebAssembly {
  interface Module {
    readonly [Symbol.toStringTag]: string
  }
  class Memory {
    constructor(limits: { readonly initial: number; readonly maximum?: number })
    readonly buffer: ArrayBuffer
    grow(pages: number): number
  }
  class Global {
    readonly value: number
  }
  type Function = (...addresses: Array<number>) => number
  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, Memory | Function>>)
    readonly exports: Record<string, Global | Memory | Function>
  }
  interface WebAssemblyInstantiatedSource {
    readonly instance: Instance
    readonly module: Module
  }
  function compile(bytes: Uint8Array): Promise<Module>
}
