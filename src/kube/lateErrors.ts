import { subscribe } from "node:diagnostics_channel"

interface Created {
  readonly stream: { readonly on: (event: "error", listener: () => void) => unknown }
}

const ignore = () => {}
const hear = (message: unknown): void => void (message as Created).stream.on("error", ignore)

let isHearing = false

/**
 * From now on an error of an HTTP/2 stream that nobody listens to any more does not end the process. A connection that is
 * reset just as a request on it ends delivers one: undici (8.12) has let go of the stream by then. Whoever waits for the
 * stream hears of it as before.
 */
export const hearLateErrors = (): void => {
  if (isHearing) return
  isHearing = true
  subscribe("http2.client.stream.created", hear)
}
