import { once } from "node:events"
import { createServer, type IncomingHttpHeaders } from "node:http"
import type { AddressInfo } from "node:net"

type Value = {
  readonly stringValue?: string
  readonly intValue?: string | number
  readonly doubleValue?: number
  readonly boolValue?: boolean
}
type KeyValue = { readonly key: string; readonly value: Value }

/** One span, as OTLP/HTTP JSON says it, with its attributes and those of its resource by name. */
export interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly name: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly status: { readonly code: number; readonly message?: string }
  readonly attributes: Readonly<Record<string, unknown>>
  readonly resource: Readonly<Record<string, unknown>>
}

const valueOf = ({ boolValue, doubleValue, intValue, stringValue }: Value): unknown =>
  stringValue ?? doubleValue ?? boolValue ?? (intValue === undefined ? undefined : Number(intValue))
const named = (all: ReadonlyArray<KeyValue>): Record<string, unknown> =>
  Object.fromEntries(all.map(({ key, value }) => [key, valueOf(value)]))

/** A collector of traces by OTLP/HTTP, on a free port of this machine: it keeps what it is sent. */
export class Collector {
  readonly spans: Array<Span> = []
  readonly requests: Array<{ readonly path: string; readonly headers: IncomingHttpHeaders; readonly body: Buffer }> = []
  /** What it answers. */
  status = 200
  readonly #waiting = new Set<() => void>()
  readonly #server = createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk)).on("end", () => {
      const body = Buffer.concat(chunks)
      this.requests.push({ path: request.url ?? "", headers: request.headers, body })
      if (this.status === 200 && request.headers["content-type"]?.includes("json") === true) this.#take(body.toString())
      for (const wake of this.#waiting) wake()
      if (this.status > 0) response.writeHead(this.status, { "content-type": "application/json" }).end("{}")
    })
  })

  static async start(): Promise<Collector> {
    const collector = new Collector()
    collector.#server.listen(0, "127.0.0.1")
    await once(collector.#server, "listening")
    return collector
  }

  #take(text: string): void {
    const { resourceSpans } = JSON.parse(text)
    for (const { resource, scopeSpans } of resourceSpans) {
      for (const { spans } of scopeSpans) {
        for (const span of spans) {
          this.spans.push({ ...span, attributes: named(span.attributes), resource: named(resource.attributes) })
        }
      }
    }
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Waits until what came fits. */
  async until(what: string, claim: (collector: this) => boolean, timeoutMs = 40_000): Promise<void> {
    const deadline = Date.now() + timeoutMs
    while (!claim(this)) {
      const left = deadline - Date.now()
      if (left <= 0) {
        const known = this.spans.map(({ attributes, name }) => `${name} ${JSON.stringify(attributes)}`)
        throw new Error(`not within ${timeoutMs} ms: ${what}; there are\n${known.join("\n")}`)
      }
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer)
          this.#waiting.delete(done)
          resolve()
        }
        const timer = setTimeout(done, left)
        this.#waiting.add(done)
      })
    }
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, "close")
  }
}
