import * as Effect from "effect/Effect"
import { calledPrograms } from "../programs/catalogue.ts"
import type { Look, Programs } from "../programs/Programs.ts"
import { ok, warning } from "./Finding.ts"

/** What a look at one program says. It is about this machine: the agent's image has its own. */
export const judgeProgram = (program: string, { file, instead, isObtained, version }: Look) =>
  file === undefined
    ? warning(
      "programs",
      `${program} ${version} is not on this machine (${instead})`,
      isObtained
        ? "It is downloaded, or built, when it is first needed; on a machine without network put it on PATH."
        : "Put it on PATH: with SLUICE_PROGRAMS=installed, as in the image, it is neither downloaded nor built."
    )
    : ok("programs", `${program} ${version}: ${file}`)

/** Whether the programs that Sluice calls are on this machine, in the pinned versions. */
export const programs = (found: Programs["Service"]) =>
  Effect.forEach(calledPrograms, (program) => Effect.map(found.look(program), (look) => judgeProgram(program, look)))
