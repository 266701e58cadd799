/** `git@host:path`, as Git takes it where no scheme stands; a drive or a path with a slash first is none. */
const scp = /^(?:[^@/:]+@)?(\[[0-9a-fA-F:.]+\]|[^@/:[\]]{2,}):(?!\/\/)(.+)$/u

/** `%6d` and `m` are the same letter; what is not plain ASCII keeps its escapes. */
const plain = (path: string): string =>
  path.replace(/%[2-7][0-9a-f]/giu, (escape) => {
    const letter = String.fromCharCode(Number.parseInt(escape.slice(1), 16))
    return /[\w.~-]/u.test(letter) ? letter : escape
  })

/**
 * One spelling for all addresses of a repository, `host/path`, so that what a webhook names can be found among what
 * Deliveries follow: without scheme, user, default port, trailing `/` and `.git`, all in lower case. https, ssh and
 * scp-like forms give the same; the port of ssh tells nothing and is left out. Undefined for what is no such address.
 */
export const normalizedRepository = (address: string): string | undefined => {
  if (address.length > 2_048 || /[\u0000-\u0020\u007f\\]/u.test(address)) return undefined
  const [, scheme, rest] = /^([a-z][a-z+]*):\/\/(.+)$/iu.exec(address) ?? []
  const short = scheme === undefined ? scp.exec(address) : null
  const isWeb = scheme !== undefined && /^https?$/iu.test(scheme)
  if (!isWeb && short === null && !/^(?:ssh|git|git\+ssh|ssh\+git)$/iu.test(scheme ?? "")) return undefined
  // As https, so that hosts and paths are read alike whatever the scheme.
  const url = URL.parse(isWeb ? address : `https://${short === null ? rest : `${short[1]}/${short[2]}`}`)
  const path = plain(url?.pathname ?? "").replace(/\/{2,}/gu, "/").replace(/\/$/u, "").replace(/\.git$/iu, "")
  if (url === null || url.hostname === "" || path.replaceAll("/", "") === "") return undefined
  return `${isWeb ? url.host : url.hostname}${path}`.toLowerCase()
}

/** An address without whom it is asked as. */
export const withoutCredentials = (url: string): string => url.replace(/^([a-z][a-z+.-]*:\/\/)[^/?#]*@/iu, "$1")
