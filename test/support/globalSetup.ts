import { programs } from "../../src/programs/catalogue.ts"
import { findPrograms } from "./controlplane/programs.ts"

/** Gets every program before the first test: it can take minutes, and no test should wait for that. */
export default async () => {
  await findPrograms(programs, console.error)
}
