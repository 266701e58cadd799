import { subscribe } from "node:diagnostics_channel"
import type { ClientHttp2Stream } from "node:http2"
import { Readable } from "node:stream"

/** What no server takes for a body, as JSON or as YAML: a stream that is cut would not end (see `exchange`). */
const nonsense = "{"

/** So many turns of the event loop are looked at before it is every few milliseconds. */
const turns = 20
const pause = 5

let isHearing = false

/** A body learns on which stream it goes: nobody else tells. */
const hear = (message: unknown): void => {
  const { stream } = message as { readonly stream: ClientHttp2Stream }
  stream.once("pipe", (source) => {
    if (source instanceof GuardedBody) source.stream = stream
  })
}

/** Whether all that was to be sent on a connection is the system's to send: neither HTTP/2 nor TLS holds any of it. */
const isOut = ({ session }: ClientHttp2Stream): boolean => {
  if (session === undefined || session.destroyed) return true
  const { _handle: handle } = session.socket as unknown as { readonly _handle?: { readonly writeQueueSize?: number } }
  return (session.state.outboundQueueSize ?? 0) === 0 && (handle?.writeQueueSize ?? 0) === 0
}

/**
 * A body that goes once its headers are out of this process, if it still may: whoever is stopped between the two is known
 * to the server, which counts the time that it was given from the headers on.
 */
export class GuardedBody extends Readable {
  stream: ClientHttp2Stream | undefined
  readonly #body: string
  readonly #mayGo: () => boolean
  #isAsked = false

  constructor(body: string, mayGo: () => boolean) {
    super()
    ;[this.#body, this.#mayGo] = [body, mayGo]
    // What becomes of it the exchange says: an error that nobody hears would end the process.
    this.on("error", () => {})
    if (!isHearing) subscribe("http2.client.stream.created", hear)
    isHearing = true
  }

  override _read(): void {
    if (this.#isAsked) return
    this.#isAsked = true
    this.#wait(1)
  }

  #wait(turn: number): void {
    const look = () => {
      // A connection that takes nothing any more is ended by who finds it deaf.
      if (this.stream !== undefined && !isOut(this.stream)) return this.#wait(turn + 1)
      this.push(this.#mayGo() ? this.#body : nonsense)
      this.push(null)
    }
    if (turn <= turns) setImmediate(look)
    else setTimeout(look, pause)
  }
}
