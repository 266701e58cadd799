import type { Case } from "./cases.ts"

interface Known {
  readonly notes: ReadonlyArray<string>
  readonly why: string
}

/** Cases that fail, and why they are left as they are. */
const known: ReadonlyArray<Known> = [
  {
    notes: ["fix1863/is defined: data = x", "topdowndynamicdispatch/dynamic dispatch: data = x"],
    why: "not the host: `opa build` compiles rules, and a rule that asks for all of `data` asks for itself"
  },
  {
    notes: ["data/toplevel integer", "data/nested integer"],
    why: "OPA's wasm does not find a document's text key by a number (opa issue 3711, in OPA's own list)"
  }
]

/** Why a case is known to fail; undefined if it has to pass. */
export const reasonOf = ({ note, query }: Pick<Case, "note" | "query">): string | undefined =>
  known.find(({ notes }) => notes.includes(note) || notes.includes(`${note}: ${query}`))?.why
