let tries = 0

/** A name that no test had before, also not the same one at its first try: what that left is in nobody's way. */
export const anew = (name: string): string => `${name}-${++tries}`
