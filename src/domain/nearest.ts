/** How many letters have to be typed, dropped, changed or swapped with a neighbour to get from one word to the other. */
const distance = (from: string, to: string): number => {
  let [older, old] = [
    Array.from({ length: to.length + 1 }, () => 0),
    Array.from({ length: to.length + 1 }, (_, i) => i)
  ]
  for (let i = 1; i <= from.length; i++) {
    const row = [i]
    for (let j = 1; j <= to.length; j++) {
      const cost = from[i - 1] === to[j - 1] ? 0 : 1
      row[j] = Math.min(old[j]! + 1, row[j - 1]! + 1, old[j - 1]! + cost)
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]) {
        row[j] = Math.min(row[j]!, older[j - 2]! + 1)
      }
    }
    ;[older, old] = [old, row]
  }
  return old[to.length]!
}

/** The word that was most likely meant, or undefined if none is near. */
export const nearest = (word: string, known: Iterable<string>): string | undefined => {
  const typed = word.slice(0, 64).toLowerCase()
  const [best] = [...known]
    .map((name) => ({ name, far: distance(typed, name.toLowerCase()) }))
    .sort((a, b) => a.far - b.far)
  return best !== undefined && best.far <= Math.max(2, Math.floor(best.name.length / 3)) ? best.name : undefined
}
