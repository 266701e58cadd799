import { isIP } from "node:net"
import type { Certificate } from "./certificate.ts"
import { areAllowed } from "./nameConstraints.ts"

export interface VerifyOptions {
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly host: string
  /** Go's numbers. */
  readonly usages: ReadonlyArray<number>
}

type Chain = ReadonlyArray<Certificate>

const maximumChecks = 100
const anyUsage = 0
const serverAuth = 1
const certificateSigning = 1 << 5
/** MD2, MD5 and SHA-1. */
const insecure = new Set([0, 1, 2, 3, 7, 9])

const isSame = (a: Certificate, b: Certificate) => a.raw.equals(b.raw)

const isCurrent = ({ known, notAfter, notBefore }: Certificate, now: number): boolean =>
  known.unhandled.length === 0 && Date.parse(notBefore) <= now && now <= Date.parse(notAfter)

const mayIssue = ({ known, version }: Certificate, isRoot: boolean, below: number): boolean => {
  if (version === 3 && known.basic === undefined || known.basic?.isCA === false) return false
  if (known.usage !== 0 && (known.usage & certificateSigning) === 0) return false
  if (!isRoot && known.basic?.isCA !== true) return false
  return known.basic === undefined || known.basic.length < 0 || below <= known.basic.length
}

const isSignedBy = (certificate: Certificate, issuer: Certificate): boolean => {
  if (insecure.has(certificate.signatureAlgorithm)) return false
  try {
    return certificate.native.verify(issuer.native.publicKey)
  } catch {
    return false
  }
}

const areUsagesIn = (chain: Chain, wanted: ReadonlyArray<number>): boolean => {
  if (wanted.includes(anyUsage)) return true
  const usages = wanted.length === 0 ? [serverAuth] : wanted
  const restricting = chain.filter(({ extendedUsages, known }) =>
    known.extendedUsages.length > 0 && !extendedUsages.includes(anyUsage)
  )
  return usages.some((usage) => restricting.every(({ extendedUsages }) => extendedUsages.includes(usage)))
}

/** Each CA's constraints hold for all below it. */
const areNamesAllowed = (chain: Chain): boolean =>
  chain.every(({ known: { constraints } }, index) =>
    constraints === undefined || chain.slice(0, index).every(({ known: { names } }) => areAllowed(constraints, names))
  )

/** Policies are not followed through the chain: a certificate that asks for that is not trusted. */
const isValid = (chain: Chain, { usages }: VerifyOptions): boolean =>
  chain.every(({ known }) => known.explicitPolicy === undefined) && areUsagesIn(chain, usages) && areNamesAllowed(chain)

const matchesName = (pattern: string, host: string): boolean => {
  const [first, ...rest] = pattern.toLowerCase().split(".")
  const [label, ...labels] = host.toLowerCase().replace(/\.$/, "").split(".")
  return label !== "" && (first === "*" || first === label) && rest.length > 0 === labels.length > 0 &&
    rest.join(".") === labels.join(".")
}

const addressBytes = (address: Buffer): string =>
  address.length === 4 ? `00000000000000000000ffff${address.toString("hex")}` : address.toString("hex")

const isCalled = ({ known: { names } }: Certificate, host: string, parse: (address: string) => string): boolean => {
  const bare = /^\[(.+)\]$/.exec(host)?.[1] ?? host
  if (isIP(bare) !== 0) return names.addresses.some((address) => addressBytes(address) === parse(bare))
  return names.dns.some((name) => matchesName(name, host))
}

/**
 * The first chain from the last certificate through those between to the first, which is trusted; undefined if there is
 * none. As Go's `Certificate.Verify`, but that a chain with required policies is never good.
 */
export const verifiedChain = (
  certificates: Chain,
  options: VerifyOptions,
  parseAddress: (address: string) => string
): Chain | undefined => {
  const [root, leaf] = [certificates[0]!, certificates.at(-1)!]
  const between = certificates.slice(1, -1)
  let checks = 0
  const extend = (chain: Chain, issuer: Certificate): boolean => {
    const last = chain.at(-1)!
    if (!last.issuer.equals(issuer.subject) || chain.some((one) => isSame(one, issuer))) return false
    if (++checks > maximumChecks || !isSignedBy(last, issuer)) return false
    return isCurrent(issuer, options.now) && mayIssue(issuer, issuer === root, chain.length - 1)
  }
  const search = (chain: Chain): Chain | undefined => {
    if (extend(chain, root) && isValid([...chain, root], options)) return [...chain, root]
    for (const issuer of between) {
      const found = extend(chain, issuer) ? search([...chain, issuer]) : undefined
      if (found !== undefined) return found
    }
    return undefined
  }
  if (!isCurrent(leaf, options.now) || options.host !== "" && !isCalled(leaf, options.host, parseAddress)) {
    return undefined
  }
  if (!isSame(leaf, root)) return search([leaf])
  return isValid([leaf], options) ? [leaf] : undefined
}
