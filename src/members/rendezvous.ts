/** Of many more replicas than this the rest would rest: a view has to fit into an annotation. */
export const mostMembers = 64

/** FNV-1a, 32 bits, over what came before. */
const hashed = (text: string, seed: number): number => {
  let hash = seed
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash
}

/** MurmurHash3's last step: texts that differ little come to differ much. */
const mixed = (hash: number): number => {
  let mix = Math.imul(hash ^ hash >>> 16, 0x85ebca6b)
  mix = Math.imul(mix ^ mix >>> 13, 0xc2b2ae35)
  return (mix ^ mix >>> 16) >>> 0
}

const weight = (member: string, key: string): number => mixed(hashed(key, mixed(hashed(member, 0x811c9dc5))))

/**
 * The member that a key belongs to, by rendezvous hashing: each member has a weight for each key, the greatest has it. One
 * that comes takes its share from all, one that goes leaves its share to all, and nothing else moves. Undefined: there is
 * no member.
 */
export const ownerOf = (view: ReadonlyArray<string>, key: string): string | undefined => {
  let [owner, greatest]: [string | undefined, number] = [undefined, -1]
  for (const member of view) {
    const own = weight(member, key)
    if (own > greatest || own === greatest && member < owner!) [owner, greatest] = [member, own]
  }
  return owner
}

/** Members as they act: each once, in order, and no more than fit. */
export const viewOf = (members: Iterable<string>): ReadonlyArray<string> =>
  [...new Set(members)].sort().slice(0, mostMembers)

export const isSameView = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): boolean =>
  a.length === b.length && a.every((member, index) => member === b[index])
