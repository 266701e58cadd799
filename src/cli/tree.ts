import * as Effect from "effect/Effect"
import { painting } from "./color.ts"
import type { Given } from "./commandLine.ts"
import { document, nameLine, outputOf } from "./documents.ts"
import { flat, type Node, ownedBy } from "./ownedTree.ts"
import * as print from "./print.ts"
import { deliveries, get } from "./resources.ts"
import { answeredInTime, nameIn, namespaceOf } from "./scope.ts"
import { read, type ShownDelivery, stateOf } from "./ShownDelivery.ts"
import { treeText } from "./treeText.ts"

interface ReportedNode {
  readonly object: {
    readonly apiVersion: string
    readonly kind: string
    readonly namespace?: string
    readonly name: string
  }
  readonly status: string
  readonly message: string
  readonly origin?: string
  readonly owns?: ReadonlyArray<ReportedNode>
}

const reportedNode = ({ apiVersion, message, origin, owns, ref, status }: Node): ReportedNode => ({
  object: {
    apiVersion,
    kind: ref.kind,
    ...ref.namespace === "" ? {} : { namespace: ref.namespace },
    name: ref.name
  },
  status,
  message,
  ...origin === undefined ? {} : { origin },
  ...owns === undefined ? {} : { owns: owns.map(reportedNode) }
})

/** The document of `sluice tree`. Stable: `cli.sluice.dev/v1`. */
export const reported = (delivery: ShownDelivery, nodes: ReadonlyArray<Node>) => ({
  apiVersion: "cli.sluice.dev/v1",
  kind: "DeliveryTree",
  delivery: { namespace: delivery.namespace, name: delivery.name },
  ready: stateOf(delivery),
  owns: nodes.map(reportedNode)
})

/** What a Delivery owns, with the health of each object as it is now. */
export const tree = Effect.fn("tree")(function*(given: Given) {
  const output = outputOf(given)
  const { delivery, nodes } = yield* answeredInTime(
    given,
    Effect.gen(function*() {
      const { name, namespace } = nameIn(given.operands[0]!, yield* namespaceOf(given))
      const delivery = read(yield* get(deliveries, namespace, name))
      return { delivery, nodes: yield* ownedBy(delivery) }
    })
  )
  if (output === "json" || output === "yaml") {
    yield* print.result(yield* document(output, reported(delivery, nodes)))
  } else if (output === "name") {
    yield* print.result(flat(nodes).map(({ ref }) => nameLine(ref)).join("\n"))
  } else {
    yield* print.result(treeText(delivery, nodes, painting(process.stdout), output === "wide"))
  }
  return 0
})
