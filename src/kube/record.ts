import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { createHash } from "node:crypto"
import { gunzip, gzip } from "node:zlib"
import { digest } from "../domain/digest.ts"
import { at, type Json, type JsonObject } from "../domain/Json.ts"

/**
 * The form of a record in the cluster: ConfigMaps `sluice-<delivery>-<part>-<n>`, gzipped. Number 0 is the head and says
 * in its annotations how many there are, of which generation, and the digest of all bytes; a small record is in the head.
 */
export interface Head {
  readonly count: number
  readonly generation: string
  readonly digest: string
}

/** Of compressed bytes in one ConfigMap; etcd and the API server allow 1 MiB with all metadata, in base64. */
export const chunkBytes = 384 * 1024
/** Of a record, unpacked: 10,000 entries have some 4 MiB. */
export const maximumBytes = 64 * 1024 * 1024
const maximumChunks = 128

const annotation = {
  delivery: "sluice.dev/record-of",
  generation: "sluice.dev/generation",
  count: "sluice.dev/chunks",
  digest: "sluice.dev/digest"
}

/** Whose record, of what, and where it is kept. */
export interface Identification {
  /** `<namespace>/<name>` of the delivery. */
  readonly delivery: string
  readonly part: string
  /** Where the ConfigMaps are: the delivery's namespace, or `default`. */
  readonly namespace: string
}

/** The name of a chunk. What is kept elsewhere, or is too long, has a hash that keeps it apart from all others. */
export const chunkName = ({ delivery, namespace, part }: Identification, generation: string, index: number): string => {
  const suffix = index === 0 ? `-${part}-0` : `-${part}-${index}-${generation}`
  const [home, name] = delivery.split("/") as [string, string]
  const plain = `sluice-${name}${suffix}`
  if (home === namespace && plain.length <= 253) return plain
  const hash = createHash("sha256").update(delivery).digest("hex").slice(0, 12)
  const room = 253 - suffix.length - hash.length - "sluice--".length
  return `sluice-${name.slice(0, room).replace(/[.-]+$/u, "")}-${hash}${suffix}`
}

export const recordOf = (object: JsonObject): Json | undefined =>
  at(object, "metadata", "annotations", annotation.delivery)
export const generationOf = (object: JsonObject): Json | undefined =>
  at(object, "metadata", "annotations", annotation.generation)

/** The metadata of what a record is kept in. */
export const keptAs = (of: Identification, name: string, annotations: JsonObject = {}): JsonObject => ({
  namespace: of.namespace,
  name,
  labels: { "app.kubernetes.io/managed-by": "sluice", "sluice.dev/record": of.part },
  annotations: { [annotation.delivery]: of.delivery, ...annotations }
})

const configMap = (of: Identification, name: string, annotations: JsonObject, bytes: Uint8Array): JsonObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: keptAs(of, name, annotations),
  binaryData: { record: Buffer.from(bytes).toString("base64") }
})

/** The ConfigMaps of a record, the head first. Chunks carry their generation in their name: none is ever overwritten. */
export const encode = (
  of: Identification,
  generation: string,
  sum: string,
  packed: Uint8Array
): ReadonlyArray<JsonObject> => {
  const count = Math.max(1, Math.ceil(packed.length / chunkBytes))
  return Array.from({ length: count }, (_, index) =>
    configMap(
      of,
      chunkName(of, generation, index),
      {
        [annotation.generation]: generation,
        ...index === 0 ? { [annotation.count]: String(count), [annotation.digest]: sum } : {}
      },
      packed.subarray(index * chunkBytes, (index + 1) * chunkBytes)
    ))
}

/** What the head says; a sentence where it is no head. */
export const headOf = (object: JsonObject): Result.Result<Head, string> => {
  const said = (name: string) => at(object, "metadata", "annotations", name)
  const count = Number(said(annotation.count))
  const generation = said(annotation.generation)
  const sum = said(annotation.digest)
  return Number.isInteger(count) && count > 0 && count <= maximumChunks && typeof generation === "string" &&
      /^[a-z0-9]{1,40}$/u.test(generation) && typeof sum === "string"
    ? Result.succeed({ count, generation, digest: sum })
    : Result.fail("somebody changed its annotations")
}

/** What zlib needs for a small record; unless it is told, it takes 256 KiB for each. */
const small = { windowBits: 12, memLevel: 5 }
const smallBytes = 4 * 1024

/** Compresses off the event loop. */
export const pack = (bytes: Uint8Array): Effect.Effect<Uint8Array> =>
  Effect.callback((resume) =>
    gzip(
      bytes,
      bytes.length > smallBytes ? {} : small,
      (error, packed) => resume(error === null ? Effect.succeed(packed) : Effect.die(error))
    )
  )

const unpack = (packed: Uint8Array): Effect.Effect<Uint8Array, string> =>
  Effect.callback((resume) =>
    gunzip(
      packed,
      { maxOutputLength: maximumBytes },
      (error, bytes) => resume(error === null ? Effect.succeed(bytes) : Effect.fail("it is damaged"))
    )
  )

/** The bytes of a record; fails with what is wrong with it when it cannot be read whole. */
export const decode = (head: Head, chunks: ReadonlyArray<JsonObject>): Effect.Effect<Uint8Array, string> => {
  const data = chunks.map((chunk): Json | undefined => at(chunk, "binaryData", "record"))
  if (data.length !== head.count || !data.every((each) => typeof each === "string")) {
    return Effect.fail("it is incomplete")
  }
  return unpack(Buffer.concat(data.map((each) => Buffer.from(each, "base64")))).pipe(
    Effect.filterOrFail((bytes) => digest(bytes) === head.digest, () => "it is damaged")
  )
}
