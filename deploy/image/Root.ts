import { createHash } from "node:crypto"
import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  writeFileSync
} from "node:fs"
import { dirname, join } from "node:path"

/** One line of what a tree is made of. */
export interface Entry {
  /** From the root, without a slash before it; the root itself is empty. */
  readonly path: string
  readonly mode: number
  readonly owner: string
  /** Bytes; undefined for folders. */
  readonly size: number | undefined
  readonly sha256: string | undefined
}

const digest = (file: string): string => {
  const hash = createHash("sha256")
  const handle = openSync(file, "r")
  const part = Buffer.allocUnsafe(1 << 20)
  for (let length = readSync(handle, part); length > 0; length = readSync(handle, part)) {
    hash.update(part.subarray(0, length))
  }
  closeSync(handle)
  return hash.digest("hex")
}

/**
 * A root folder that is being filled. Everything belongs to root, folders are 0755 and files 0644 or 0755, unless said;
 * nothing of the modes, owners and times of what is copied is kept.
 */
export class Root {
  readonly folder: string

  /** The folder has to be empty or not there. Throws where owners cannot be set. */
  constructor(folder: string) {
    if (process.getuid?.() !== 0) {
      throw new Error("owners are part of the tree: run this as root, as a build stage does")
    }
    this.folder = folder
    mkdirSync(folder, { recursive: true })
    if (readdirSync(folder).length > 0) throw new Error(`${folder} is not empty`)
    chmodSync(folder, 0o755)
    chownSync(folder, 0, 0)
  }

  directory(path: string, mode = 0o755, owner = 0): void {
    if (path === ".") return
    const full = join(this.folder, path)
    this.directory(dirname(path))
    try {
      mkdirSync(full)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return
      throw error
    }
    chownSync(full, owner, owner)
    chmodSync(full, mode)
  }

  write(path: string, content: string | Buffer, mode = 0o644): void {
    this.directory(dirname(path))
    writeFileSync(join(this.folder, path), content, { flag: "wx" })
    this.#own(path, mode)
  }

  copy(from: string, path: string, mode = 0o644): void {
    this.directory(dirname(path))
    copyFileSync(from, join(this.folder, path), constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
    this.#own(path, mode)
  }

  #own(path: string, mode: number): void {
    chownSync(join(this.folder, path), 0, 0)
    chmodSync(join(this.folder, path), mode)
  }

  /** Gives everything the same time: seconds since 1970. */
  settle(epoch: number): void {
    for (const path of this.#walk("").toReversed()) lutimesSync(join(this.folder, path), epoch, epoch)
  }

  /** All there is, sorted by path. */
  entries(): ReadonlyArray<Entry> {
    return this.entriesAt(this.#walk(""))
  }

  entriesAt(paths: ReadonlyArray<string>): ReadonlyArray<Entry> {
    return paths.map((path): Entry => {
      const file = join(this.folder, path)
      const stat = lstatSync(file)
      const about = { path, mode: stat.mode & 0o7777, owner: `${stat.uid}:${stat.gid}` }
      return stat.isDirectory()
        ? { ...about, size: undefined, sha256: undefined }
        : { ...about, size: stat.size, sha256: digest(file) }
    }).sort((one, other) => one.path < other.path ? -1 : 1)
  }

  /** Folders before what is in them. */
  #walk(path: string): ReadonlyArray<string> {
    const below = readdirSync(join(this.folder, path), { withFileTypes: true })
    return [
      path,
      ...below.flatMap((entry) => entry.isDirectory() ? this.#walk(join(path, entry.name)) : [join(path, entry.name)])
    ]
  }
}

/** A tree as text, a line an entry; two trees are the same when these are. */
export const listing = (entries: ReadonlyArray<Entry>): string =>
  entries.map(({ mode, owner, path, sha256, size }) =>
    `${mode.toString(8).padStart(4, "0")} ${owner} ${size ?? "-"} ${sha256 ?? "-"} /${path}\n`
  ).join("")

export const digestOf = (entries: ReadonlyArray<Entry>): string =>
  `sha256:${createHash("sha256").update(listing(entries)).digest("hex")}`
