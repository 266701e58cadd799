/** How many letters have to change to get from one word to the other; counts no further than 255 letters. */
const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(changed, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}

/** The name that was probably meant, if one is near enough. */
export const nearest = (word: string, names: ReadonlyArray<string>): string | undefined => {
  const lower = word.slice(0, 255).toLowerCase()
  const most = Math.max(1, Math.floor(lower.length / 3))
  let best: { readonly name: string; readonly far: number } | undefined
  for (const name of names) {
    if (Math.abs(name.length - lower.length) > most) continue
    const far = distance(lower, name.toLowerCase())
    if (far <= most && (best === undefined || far < best.far)) best = { name, far }
  }
  return best?.name
}
