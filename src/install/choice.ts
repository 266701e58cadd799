import * as Result from "effect/Result"
import { InvalidSpec } from "../domain/StageError.ts"
import type { Books } from "./books.ts"

/** What somebody asks for; what is left out stays as it was. */
export interface Asked {
  readonly overlay: string | undefined
  readonly image: string | undefined
}

/**
 * What is to be installed: an upgrade stays on its overlay. An image that was chosen stays for the same version; which
 * one a new version has, only who built it knows.
 */
export const choose = (
  { image, overlay }: Asked,
  before: Books | undefined,
  version: string
): Result.Result<Omit<Books, "parts">, InvalidSpec> => {
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
