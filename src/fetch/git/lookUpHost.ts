import { lookup } from "node:dns"
import { isIP, type LookupFunction } from "node:net"

/** Whether an address is one where clouds keep their metadata services and no Git server lives (RFC 3927, RFC 4291). */
export const isLinkLocal = (address: string): boolean =>
  isIP(address) !== 0 && /^(?:169\.254\.|::ffff:(?:169\.254\.|a9fe:)|fe[89ab][0-9a-f]:)/iu.test(address)

/** The system's lookup, but no name leads to a link-local address. */
export const lookUpHost: LookupFunction = (host, options, callback) =>
  lookup(host, options, (error, address, family) => {
    const found = typeof address === "string" ? [address] : (address ?? []).map((one) => one.address)
    if (error === null && found.some(isLinkLocal)) {
      callback(Object.assign(new Error(`${host} leads to a link-local address`), { code: "ERR_LINK_LOCAL" }), "", 0)
    } else {
      callback(error, address, family)
    }
  })
