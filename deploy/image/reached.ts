import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"

/**
 * Packages of plain ES modules, one file a concept, of which we use a part: only what our source leads to is kept. Others
 * are kept whole, because they load some of their files by names that they make up.
 */
const parted = ["effect", "@effect/platform-node", "@effect/platform-node-shared"]

/** What a file imports; types are erased, so their imports lead nowhere. A name in a comment does no harm. */
const importsOf = (text: string): ReadonlyArray<string> => {
  const code = text.replace(/^(?:import|export) type [^"]*? from "[^"\n]+"/gmu, "")
  return [...code.matchAll(/\b(?:from|import)\s*\(?\s*"([^"\n]+)"/gu)].map(([, name]) => name!)
}

const sourcesBelow = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.[jt]s$/u.test(path)).map((path) => join(folder, path))

/** The files of those packages that `source` leads to, by their paths from `base`: `node_modules/effect/dist/Effect.js`. */
export const reachedFrom = (source: string, base: string): ReadonlySet<string> => {
  const reached = new Set<string>()
  const resolve = (from: string, name: string): string | undefined => {
    if (name.startsWith(".")) return join(dirname(from), name)
    const home = parted.find((each) => name.startsWith(`${each}/`))
    return home === undefined
      ? undefined
      : join(base, "node_modules", home, "dist", `${name.slice(home.length + 1)}.js`)
  }
  const visit = (from: string): void => {
    for (const name of importsOf(readFileSync(from, "utf8"))) {
      const target = resolve(from, name)
      const path = target === undefined ? undefined : relative(base, target)
      if (target === undefined || path === undefined || reached.has(path)) continue
      if (!parted.some((each) => path.startsWith(`node_modules/${each}/`)) || !existsSync(target)) continue
      reached.add(path)
      visit(target)
    }
  }
  sourcesBelow(source).forEach(visit)
  return reached
}

/** Whether a file of a package may be left out because nothing leads to it. */
export const isUnreached = (name: string, path: string, reached: ReadonlySet<string>): boolean =>
  parted.includes(name) && path.endsWith(".js") && !reached.has(path)
