import { displayOrigin, type Origin } from "../domain/Manifest.ts"

/** How a Git host spells the pages of a commit and of a file at a commit. */
interface Host {
  readonly commit: (repository: string, hash: string) => string
  readonly file: (repository: string, hash: string, path: string, line: number | undefined) => string
}

const anchor = (prefix: string, line: number | undefined): string => line === undefined ? "" : `#${prefix}${line}`

const gitlab: Host = {
  commit: (repository, hash) => `${repository}/-/commit/${hash}`,
  file: (repository, hash, path, line) => `${repository}/-/blob/${hash}/${path}${anchor("L", line)}`
}
const github: Host = {
  commit: (repository, hash) => `${repository}/commit/${hash}`,
  file: (repository, hash, path, line) => `${repository}/blob/${hash}/${path}${anchor("L", line)}`
}
const gitea: Host = {
  commit: (repository, hash) => `${repository}/commit/${hash}`,
  file: (repository, hash, path, line) => `${repository}/src/commit/${hash}/${path}${anchor("L", line)}`
}
const bitbucket: Host = {
  commit: (repository, hash) => `${repository}/commits/${hash}`,
  file: (repository, hash, path, line) => `${repository}/src/${hash}/${path}${anchor("lines-", line)}`
}

/** By a part of the host's name. Self-hosted servers are usually called after what they run. */
const hosts: ReadonlyArray<readonly [RegExp, Host]> = [
  [/gitlab/u, gitlab],
  [/github/u, github],
  [/gitea|forgejo|codeberg/u, gitea],
  [/^bitbucket\.org$/u, bitbucket]
]

/** `git@host:group/repository.git`, as Git also spells ssh. */
const scpLike = /^(?:[^@/\s]+@)?([^:/\s]+):(?!\/)(\S+)$/u

interface Page {
  readonly host: Host
  readonly repository: string
}

/** The repository's page, for hosts whose links we know. Only http and ssh addresses have one. */
const page = (source: string): Page | undefined => {
  const scp = source.includes("://") ? null : scpLike.exec(source)
  const text = scp === null ? source : `ssh://${scp[1]}/${scp[2]}`
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  const overSsh = url.protocol === "ssh:" || url.protocol === "git+ssh:"
  if (url.protocol !== "https:" && url.protocol !== "http:" && !overSsh) return undefined
  const host = hosts.find(([name]) => name.test(url.hostname.toLowerCase()))?.[1]
  if (host === undefined) return undefined
  // The port of ssh is not the port of the page.
  const authority = overSsh ? `https://${url.hostname}` : `${url.protocol}//${url.host}`
  return { host, repository: `${authority}${url.pathname.replace(/\/+$/u, "").replace(/\.git$/u, "")}` }
}

const encodePath = (path: string): string =>
  path.split("/").map((part) => encodeURIComponent(part.toWellFormed())).join("/")

/** The page of a commit, or undefined for a host that we do not know. */
export const commitUrl = (source: string, hash: string): string | undefined => {
  const known = page(source)
  return known?.host.commit(known.repository, hash)
}

/** The page of a file and line at a commit, or undefined for a host that we do not know. */
export const fileUrl = (source: string, hash: string | undefined, origin: Origin): string | undefined => {
  const known = hash === undefined ? undefined : page(source)
  return known?.host.file(known.repository, hash!, encodePath(origin.file), origin.line)
}

/** A place in the source as text and, where the host is known, the address of its page. */
export const place = (source: string, hash: string | undefined, origin: Origin) => ({
  text: displayOrigin(origin),
  url: fileUrl(source, hash, origin)
})
