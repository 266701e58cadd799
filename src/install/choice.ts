import * as Result from "effect/Result"
import { InvalidSpec } from "../domain/StageError.ts"
import type { Books } from "./books.ts"
import { overlays } from "./overlay.ts"

/** What somebody asks for; what is left out stays as it was. */
export interface Asked {
  readonly overlay: string | undefined
  readonly image: string | undefined
}

/**
 * What is to be installed: an upgrade stays on its overlay. An image that was chosen stays for the same version; which
 * one a new version has, only who built it knows. `isTakenOver`: an agent is there that no books speak of, and a default
 * would take replicas from it, or give it every namespace.
 */
export const choose = (
  { image, overlay }: Asked,
  before: Books | undefined,
  version: string,
  isTakenOver = false
): Result.Result<Omit<Books, "parts">, InvalidSpec> => {
  if (overlay === undefined && before === undefined && isTakenOver) {
    return Result.fail(
      new InvalidSpec({
        detail: "an agent is there that sluice install did not make: of which overlay it is cannot be told",
        hint: `Say it with --overlay: ${overlays.join(", ")}. They differ in replicas, and in where the agent may act.`
      })
    )
  }
  const chosen = image ?? before?.image
  if (image === undefined && chosen !== undefined && before?.version !== version) {
    return Result.fail(
      new InvalidSpec({
        detail: `the agent runs ${chosen}, which somebody chose for version ${before?.version}`,
        hint: `Name the image of version ${version} with --image.`
      })
    )
  }
  return Result.succeed({ version, overlay: overlay ?? before?.overlay ?? "quickstart", image: chosen })
}
