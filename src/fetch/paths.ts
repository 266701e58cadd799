import * as Result from "effect/Result"
import { UnsafePath } from "../domain/StageError.ts"

const nameBytes = 255
const pathBytes = 4_096
const maximumDepth = 100

const control = /[\u0000-\u001f\u007f]/u
/** Code points that HFS+ leaves out when it compares names. */
const ignorable = /[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/gu
const address = /^[a-z][a-z0-9+.-]*:(?:\/\/|:)/iu

/** Why a name must not stand in a tree; undefined if it may. What other systems would read as `.git` or `..` counts. */
export const nameRefusal = (name: string): string | undefined => {
  if (name === "") return "has an empty name"
  if (control.test(name)) return "has a control character in it"
  if (name.includes("/") || name.includes("\\")) return "has a slash or backslash in a name"
  if (Buffer.byteLength(name) > nameBytes) return `has a name of more than ${nameBytes} bytes`
  const plain = name.replaceAll(ignorable, "").split(":")[0]!.replace(/[. ]+$/u, "").toLowerCase()
  if (plain === "") return "has a name of dots only"
  if (plain === ".git" || /^git~[0-9]+$/u.test(plain)) return "leads into .git"
  return undefined
}

const refuse = (path: string, why: string) => Result.fail(new UnsafePath({ path: path.slice(0, 200), why }))

/**
 * Resolves a reference from a folder of the tree: lexically, without looking whether anything is there. It never leaves
 * the tree, not even to come back.
 */
export const resolvePath = (folder: string, reference: string): Result.Result<string, UnsafePath> => {
  if (reference.startsWith("/")) return refuse(reference, "is absolute; paths are relative, and stay in the repository")
  if (address.test(reference)) return refuse(reference, "is an address, not a path of the repository")
  const segments = folder === "" ? [] : folder.split("/")
  for (const segment of reference.split("/")) {
    if (segment === "" || segment === ".") continue
    if (segment === "..") {
      if (segments.pop() === undefined) return refuse(reference, "leads out of the repository")
      continue
    }
    const why = nameRefusal(segment)
    if (why !== undefined) return refuse(reference, why)
    segments.push(segment)
  }
  const path = segments.join("/")
  if (segments.length > maximumDepth) return refuse(reference, `lies deeper than ${maximumDepth} folders`)
  if (Buffer.byteLength(path) > pathBytes) return refuse(reference, `has more than ${pathBytes} bytes`)
  return Result.succeed(path)
}

export const parentOf = (path: string): string => path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : ""

export const joinPath = (folder: string, name: string): string => folder === "" ? name : `${folder}/${name}`
