import { isSameView, ownerOf } from "./rendezvous.ts"

interface Told {
  readonly instance: string
  readonly view: ReadonlyArray<string>
}

/**
 * What one replica tends: what every view that it has told, or is about to tell, assigns to it, unless another replica's
 * told view assigns it to that one. The others' views count as they were listed after the own one was written: whoever
 * tells later that something is its own sees this one's Lease first.
 */
export interface Share {
  readonly instance: string
  readonly views: ReadonlyArray<ReadonlyArray<string>>
  readonly others: ReadonlyArray<Told>
}

export const nothing = (instance: string): Share => ({ instance, views: [], others: [] })

export const isIn = ({ instance, others, views }: Share, key: string): boolean =>
  views.length > 0 && views.every((view) => ownerOf(view, key) === instance) &&
  !others.some((other) => ownerOf(other.view, key) === other.instance)

/** What is left while another view is about to be told. */
export const narrowed = (share: Share, view: ReadonlyArray<string>): Share =>
  share.views.length === 0 || share.views.some((told) => isSameView(told, view))
    ? share
    : { ...share, views: [...share.views, view] }
