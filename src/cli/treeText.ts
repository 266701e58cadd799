import { display } from "../domain/ObjectRef.ts"
import { oneLine } from "../domain/plainText.ts"
import type { Paint } from "./color.ts"
import { flat, mostEntries, type Node } from "./ownedTree.ts"
import { nameOf, shortRevision, type ShownDelivery, stateOf } from "./ShownDelivery.ts"

const style = {
  Current: "green",
  InProgress: "yellow",
  Failed: "red",
  Terminating: "yellow",
  NotFound: "red",
  Unreadable: "yellow"
} as const satisfies Record<Node["status"], string>

interface Line {
  readonly branch: string
  readonly name: string
  readonly node: Node
}

const linesOf = (nodes: ReadonlyArray<Node>, indent: string): ReadonlyArray<Line> =>
  nodes.flatMap((node, index) => {
    const isLast = index === nodes.length - 1
    return [
      { branch: `${indent}${isLast ? "└── " : "├── "}`, name: oneLine(display(node.ref), 600), node },
      ...linesOf(node.owns ?? [], `${indent}${isLast ? "    " : "│   "}`)
    ]
  })

const headOf = (delivery: ShownDelivery, paint: Paint): string => {
  const { ready, reason } = stateOf(delivery)
  const state = ready === "True"
    ? paint("green", "Ready")
    : paint(ready === "False" ? "red" : "yellow", oneLine(reason, 60) || "Unknown")
  const revision = oneLine(shortRevision(delivery.status.lastAppliedRevision), 200)
  return [`${paint("bold", `Delivery/${nameOf(delivery)}`)}`, state, ...revision === "" ? [] : [revision]].join("  ")
}

/** What a Delivery owns as a tree: what is not well is marked, with what it lacks; wide also tells where each comes from. */
export const treeText = (
  delivery: ShownDelivery,
  nodes: ReadonlyArray<Node>,
  paint: Paint,
  isWide: boolean
): string => {
  const lines = linesOf(nodes, "")
  const width = Math.max(0, ...lines.map(({ branch, name }) => branch.length + name.length))
  const unwell = flat(nodes).filter(({ status }) => status !== "Current").length
  const entries = delivery.status.inventory?.entries.length ?? 0
  return [
    headOf(delivery, paint),
    ...lines.map(({ branch, name, node }) => {
      const isWell = node.status === "Current"
      const health = [
        paint(style[node.status], `${isWell ? " " : "✗"} ${node.status}`),
        ...isWell ? [] : [oneLine(node.message, 500)],
        ...isWide && node.origin !== undefined ? [paint("dim", oneLine(node.origin, 500))] : []
      ]
      return `${branch}${name}${" ".repeat(width - branch.length - name.length)}  ${health.join("  ")}`
    }),
    ...entries < mostEntries ? [] : [`… the status holds the first ${mostEntries} only`],
    "",
    nodes.length === 0
      ? "owns nothing"
      : `${flat(nodes).length} objects${unwell === 0 ? ", all well" : `, ${unwell} not well`}`
  ].join("\n")
}
