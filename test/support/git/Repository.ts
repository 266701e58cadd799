import { runGit } from "./run.ts"

/** Text or bytes of a file; `{ link }` makes a symbolic link; `null` removes the file, or the folder with all in it. */
export type FileContent = string | Uint8Array | { readonly link: string } | null
export type Files = Readonly<Record<string, FileContent>>

export interface CommitOptions {
  /** Default `main`; made if it is not there. */
  readonly branch?: string
  readonly author?: { readonly name: string; readonly email: string }
  /** Seconds since the epoch; default now. */
  readonly time?: number
  /** The files are the whole tree, not changes to the one before. */
  readonly replace?: boolean
  /** Starts from no parent and moves the branch there, as `git push --force` would. */
  readonly force?: boolean
}

/** One bare repository of the server. Every method changes what clients see at once; hashes are of 40 digits. */
export interface Repository {
  readonly url: string
  /** Where the bare repository lies, for tests that go below the surface. */
  readonly path: string
  /** Commits changes to files on top of a branch and returns the commit's hash. */
  readonly commit: (files: Files, message: string, options?: CommitOptions) => Promise<string>
  /** Commits the tree of before the newest commit, as `git revert HEAD` does. */
  readonly revert: (branch?: string) => Promise<string>
  /** Tags a commit (the head of `main` by default); with a message the tag is an annotated one. Returns the tag's hash. */
  readonly tag: (name: string, options?: { readonly commit?: string; readonly message?: string }) => Promise<string>
  /** Makes a branch or forces it to a commit; removes it with `null`. */
  readonly branch: (name: string, commit: string | null) => Promise<void>
  readonly head: (branch?: string) => Promise<string>
  /** Any git command, in this repository. */
  readonly git: (args: ReadonlyArray<string>, input?: string | Uint8Array) => Promise<string>
}

const quoted = (path: string) => JSON.stringify(path)

const fastImport = (
  files: Files,
  message: string,
  parent: string | undefined,
  branch: string,
  options: CommitOptions
): Buffer => {
  const author = options.author ?? { name: "Dana Developer", email: "dana@example.com" }
  const time = options.time ?? Math.floor(Date.now() / 1_000)
  const parts: Array<Uint8Array> = []
  const write = (text: string) => parts.push(Buffer.from(text))
  const data = (content: string | Uint8Array) => {
    const bytes = Buffer.from(content)
    write(`data ${bytes.length}\n`)
    parts.push(bytes)
    write("\n")
  }
  write(`commit refs/heads/${branch}\n`)
  write(`author ${author.name} <${author.email}> ${time} +0000\n`)
  write(`committer ${author.name} <${author.email}> ${time} +0000\n`)
  data(message)
  if (parent !== undefined) write(`from ${parent}\n`)
  if (options.replace === true) write("deleteall\n")
  for (const [path, content] of Object.entries(files)) {
    if (content === null) {
      write(`D ${quoted(path)}\n`)
    } else if (typeof content === "object" && "link" in content) {
      write(`M 120000 inline ${quoted(path)}\n`)
      data(content.link)
    } else {
      write(`M 100644 inline ${quoted(path)}\n`)
      data(content)
    }
  }
  write("done\n")
  return Buffer.concat(parts)
}

/** Opens a bare repository that is there. */
export const openRepository = (path: string, url: string): Repository => {
  const git = (args: ReadonlyArray<string>, input?: string | Uint8Array) =>
    runGit(path, args, input === undefined ? {} : { input })
  const head = (branch = "main") => git(["rev-parse", "--verify", `refs/heads/${branch}`])
  return {
    url,
    path,
    git,
    head,
    commit: async (files, message, options = {}) => {
      const branch = options.branch ?? "main"
      const parent = await head(branch).catch(() => undefined)
      const isForced = options.force === true
      if (isForced && parent !== undefined) await git(["update-ref", "-d", `refs/heads/${branch}`])
      const stream = fastImport(files, message, isForced ? undefined : parent, branch, options)
      await git(["fast-import", "--quiet", "--force", "--done"], stream)
      return head(branch)
    },
    revert: async (branch = "main") => {
      const now = await head(branch)
      const subject = await git(["log", "-1", "--format=%s", now])
      const message = `Revert "${subject}"\n\nThis reverts commit ${now}.\n`
      const hash = await git(["commit-tree", `${now}~1^{tree}`, "-p", now, "-m", message])
      await git(["update-ref", `refs/heads/${branch}`, hash, now])
      return hash
    },
    tag: async (name, options = {}) => {
      const target = options.commit ?? await head()
      await git(
        options.message === undefined
          ? ["tag", "--force", name, target]
          : ["tag", "--force", "--annotate", "--message", options.message, name, target]
      )
      return git(["rev-parse", `refs/tags/${name}`])
    },
    branch: async (name, commit) => {
      await git(
        commit === null ? ["update-ref", "-d", `refs/heads/${name}`] : ["update-ref", `refs/heads/${name}`, commit]
      )
    }
  }
}
