import { parentPort } from "node:worker_threads"
import { locateIn } from "../domain/locateIn.ts"
import { type Read, readJson, readYaml } from "../domain/readYaml.ts"

/** What a worker is asked. */
export type Job =
  | { readonly texts: ReadonlyArray<string> }
  | { readonly text: string; readonly path: ReadonlyArray<string | number> }

/** What it answers. */
export type Answer = ReadonlyArray<Read> | ReturnType<typeof locateIn>

parentPort?.on("message", (job: Job) => {
  const answer: Answer = "texts" in job
    ? job.texts.map((text) => readJson(text) ?? readYaml(text))
    : locateIn(job.text, job.path)
  parentPort?.postMessage(answer, [])
})
