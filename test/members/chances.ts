/** Chance that a seed repeats. */
export const chances = (seed: number) => {
  let state = seed * 2_654_435_761 >>> 0 || 1
  const next = () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state / 2 ** 32
  }
  return {
    next,
    below: (count: number) => Math.floor(next() * count),
    of: <A>(all: ReadonlyArray<A>): A | undefined => all[Math.floor(next() * all.length)]
  }
}
export type Chances = ReturnType<typeof chances>
