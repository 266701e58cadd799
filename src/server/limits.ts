/** What one server gives to everybody outside. Times in milliseconds, sizes in bytes. */
export interface Limits {
  readonly body: number
  /** All bodies that are being read, or handed on to other replicas, at once. */
  readonly bodies: number
  /** What is still read, and thrown away, of a body that is already answered, so that the answer is seen. */
  readonly drained: number
  readonly connections: number
  readonly connectionsOfOne: number
  /** From the connection, or the request before, to the last header. */
  readonly headers: number
  /** From the connection, or the request before, to the last byte of the body. */
  readonly request: number
  readonly idle: number
  /** How long requests may still take when the server closes. */
  readonly closing: number
  /** What a body may have before it counts as one hook more, and again for as much. */
  readonly bodyOfOneHook: number
  /** Hooks of one address and of all: how many at once, and how many a second in the long run. */
  readonly ofOne: Rate
  readonly ofAll: Rate
  /** Hooks that one other replica hands on: no less than `ofAll`, so that whatever it lets in is let in here. */
  readonly ofPeer: Rate
  /** Hooks that are handed on to other replicas at once, and how long each may take. */
  readonly relays: number
  readonly relaying: number
}

export interface Rate {
  readonly capacity: number
  readonly perSecond: number
}

/** An ingress is one address: one may do nearly as much as all. */
export const limits: Limits = {
  body: 1_048_576,
  bodies: 16 * 1_048_576,
  drained: 32 * 1_048_576,
  connections: 512,
  connectionsOfOne: 384,
  headers: 5_000,
  request: 10_000,
  idle: 5_000,
  closing: 1_000,
  bodyOfOneHook: 65_536,
  ofOne: { capacity: 200, perSecond: 20 },
  ofAll: { capacity: 400, perSecond: 50 },
  ofPeer: { capacity: 500, perSecond: 60 },
  relays: 64,
  relaying: 3_000
}
