import { deliveryLabel, displayValue } from "../domain/ownership.ts"
import type { LiveMetadata } from "../kube/KubeReader.ts"
import { installationLabel } from "./books.ts"

/** Who else installs an object, and what to do about it. */
export interface Keeper {
  readonly who: string
  readonly help: string
}

const inGit = (who: string) =>
  `Change it where ${who} reads it: sluice install --export --overlay <yours> prints what this version installs, for Git.`

/** Who else keeps an object as it is: Helm, a GitOps tool, or another installation of ours; by the marks they leave. */
export const keeperOf = ({ annotations, labels }: LiveMetadata, namespace: string): Keeper | undefined => {
  const release = annotations["meta.helm.sh/release-name"]
  const flux = labels["kustomize.toolkit.fluxcd.io/name"] ?? labels["helm.toolkit.fluxcd.io/name"]
  const argo = annotations["argocd.argoproj.io/tracking-id"] ?? labels["argocd.argoproj.io/instance"]
  const delivery = labels[deliveryLabel]
  const other = labels[installationLabel]
  if (flux !== undefined) return { who: `Flux (${flux})`, help: inGit("Flux") }
  if (argo !== undefined) return { who: `Argo CD (${argo.split(":")[0]})`, help: inGit("Argo CD") }
  if (delivery !== undefined) {
    return { who: `the Delivery ${displayValue(delivery)}`, help: inGit("the Delivery") }
  }
  if (release !== undefined) {
    return {
      who: `Helm (release ${release})`,
      help:
        "Go on with Helm: helm upgrade. helm uninstall leaves every Delivery with a finalizer that nobody takes off: " +
        "deploy/docs/install.md#uninstall says how to change over, and how all of it goes."
    }
  }
  if (other !== undefined && other !== namespace) {
    return {
      who: `the installation in namespace ${other}`,
      help: `A cluster has one Sluice: install there, with --namespace ${other}, or uninstall that one first.`
    }
  }
  return undefined
}
