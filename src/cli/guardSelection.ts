import { type Delivery, nameOf } from "../api/v1alpha1/Delivery.ts"
import type { LabelSelector, PolicyBundle } from "../api/v1alpha1/PolicyBundle.ts"
import { selects } from "../api/v1alpha1/selector.ts"
import type { DeliveryFile } from "./DeliveryFile.ts"

/** Kubernetes puts it on every namespace. */
const nameLabel = "kubernetes.io/metadata.name"

const keysOf = ({ matchExpressions = [], matchLabels = {} }: LabelSelector): ReadonlyArray<string> => [
  ...Object.keys(matchLabels),
  ...matchExpressions.map(({ key }) => key)
]

type Beside = Pick<DeliveryFile, "bundles" | "namespaces">

/** The bundles of a file that judge a delivery; `isGuessed` where the file does not tell the labels that decide it. */
const selecting = ({ bundles, namespaces }: Beside, { metadata: { labels = {}, namespace } }: Delivery) =>
  bundles.flatMap((bundle) => {
    const { deliverySelector, namespaceSelector = {} } = bundle.spec.match ?? {}
    if (!selects(deliverySelector, labels)) return []
    const given = namespaces.get(namespace)
    const isTold = given !== undefined || keysOf(namespaceSelector).every((key) => key === nameLabel)
    const isSelected = selects(namespaceSelector, { ...given, [nameLabel]: namespace })
    return isSelected || !isTold ? [{ bundle, isGuessed: !isTold }] : []
  })

/** The PolicyBundles that judge a delivery. */
export const guarding = (file: Beside, delivery: Delivery): ReadonlyArray<PolicyBundle> =>
  selecting(file, delivery).map(({ bundle }) => bundle)

/** What is judged only because nobody could tell that it is not. */
export const guesses = (file: Beside & Pick<DeliveryFile, "deliveries">): ReadonlyArray<string> =>
  file.deliveries.flatMap((delivery) =>
    selecting(file, delivery).filter(({ isGuessed }) => isGuessed).map(({ bundle }) =>
      `PolicyBundle ${bundle.metadata.name} selects by labels of namespace ${delivery.metadata.namespace}, which the file ` +
      `does not tell: it judges ${nameOf(delivery)} all the same (put the Namespace beside it)`
    )
  )
