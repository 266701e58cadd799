import * as Result from "effect/Result"

/** Where a server listens. Host "": every address of the machine. Port 0: one that is free. */
export interface Address {
  readonly host: string
  readonly port: number
}

const wrong = (text: string, why: string) =>
  Result.fail(`${JSON.stringify(text)} ${why}; write host:port, such as 127.0.0.1:8080, :8080 or [::1]:8080`)

/** `127.0.0.1:8080`, `localhost:8080`, `[::1]:8080`; `:8080` for every address of the machine. */
export const parseAddress = (text: string): Result.Result<Address, string> => {
  const [, six, other, digits] = /^(?:\[([^[\]]*)\]|([^[\]:]*)):([^:]*)$/u.exec(text) ?? []
  if (digits === undefined) return wrong(text, "is no address")
  if (!/^\d{1,5}$/u.test(digits) || Number(digits) > 65_535) return wrong(text, "has no port from 0 to 65535")
  const host = six ?? other ?? ""
  const isHost = six === undefined ? /^(?:[\w-]+(?:\.[\w-]+)*)?$/u.test(host) : URL.canParse(`http://[${host}]`)
  return isHost ? Result.succeed({ host, port: Number(digits) }) : wrong(text, "has no host that can be listened on")
}

/** As it stands in a URL. */
export const displayAddress = ({ host, port }: Address): string => `${host.includes(":") ? `[${host}]` : host}:${port}`
