import * as Result from "effect/Result"
import type { GitSource } from "../api/v1alpha1/Delivery.ts"
import { InvalidSpec } from "../domain/StageError.ts"
import type { Wanted } from "./git/calls.ts"

const forbidden = /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|\/\.|\.lock\/|^[-./]|[./]$|\.lock$|^@$/u

/** Whether a name can be a branch or a tag (git check-ref-format), and could not be read as an option. */
export const isRefName = (name: string): boolean => name !== "" && name.length <= 255 && !forbidden.test(name)

const refuse = (field: string, value: string, what: string) =>
  Result.fail(
    new InvalidSpec({
      detail: `source.git.${field}: ${JSON.stringify(value.slice(0, 100))} is not ${what}`
    })
  )

/** What a source follows, checked: a commit by its hash, else a tag, else a branch, else the default branch. */
export const wantedOf = (
  { branch, commit, tag }: Pick<GitSource, "branch" | "tag" | "commit">
): Result.Result<Wanted | { readonly kind: "commit"; readonly name: string; readonly hash: string }, InvalidSpec> => {
  if (branch !== undefined && !isRefName(branch)) return refuse("branch", branch, "a name that a branch can have")
  if (tag !== undefined && !isRefName(tag)) return refuse("tag", tag, "a name that a tag can have")
  if (commit !== undefined) {
    return /^[0-9a-f]{40}$/u.test(commit)
      ? Result.succeed({ kind: "commit", name: branch ?? tag ?? "commit", hash: commit })
      : refuse("commit", commit, "a full commit hash (40 lower-case hexadecimal digits; SHA-256 is not read yet)")
  }
  if (tag !== undefined) return Result.succeed({ kind: "tag", name: tag })
  return Result.succeed(branch === undefined ? { kind: "default", name: "" } : { kind: "branch", name: branch })
}
