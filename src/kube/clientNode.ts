import * as Effect from "effect/Effect"
import { registerHooks } from "node:module"

/** The one use that client-node's KubeConfig has for its generated clients is making them: not ours. */
const needed = `export { createConfiguration } from "./configuration.js"
export { ServerConfiguration } from "./servers.js"`

const isGenerated = (url: string): boolean => url.endsWith("/@kubernetes/client-node/dist/gen/index.js")

/**
 * client-node's KubeConfig without the clients of all resources that its module imports: 826 files of 16 MB, which cost
 * 300 ms of CPU and 60 MiB, more than everything else that Sluice loads.
 */
export const importConfig = Effect.promise(() => {
  const hooks = registerHooks({
    load: (url, context, next) =>
      isGenerated(url) ? { format: "module", source: needed, shortCircuit: true } : next(url, context)
  })
  return import("@kubernetes/client-node/dist/config.js").finally(() => hooks.deregister())
})
