import { controlPlanePrograms } from "../../src/programs/catalogue.ts"
import { findPrograms } from "./controlplane/programs.ts"

/** Gets every program that a test calls before the first test: it can take minutes, and no test should wait for that. */
export default async () => {
  await findPrograms(["kustomize", "helm", "opa", "promtool", ...controlPlanePrograms], console.error)
}
