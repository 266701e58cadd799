import { getCompileCacheDir } from "node:module"
import { dirname } from "node:path"
import { Worker, type WorkerOptions } from "node:worker_threads"

/**
 * Starts a thread from a file. Threads do not inherit the code cache of their process: without it each strips the types
 * of its files anew, 100 ms of work. So where there is a cache, the thread turns it on before it loads its file.
 */
export const startThread = (file: URL, options: Omit<WorkerOptions, "eval">): Worker => {
  const cache = getCompileCacheDir()
  if (cache === undefined) return new Worker(file, options)
  // Node tells the folder of its own version; it is asked for the one above.
  const enable = `require("node:module").enableCompileCache(${JSON.stringify(dirname(cache))})`
  return new Worker(`${enable};import(${JSON.stringify(file.href)})`, { ...options, eval: true })
}
