import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as HttpClient from "effect/http/HttpClient"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import { basename, join } from "node:path"
import { promisify } from "node:util"
import { gunzip } from "node:zlib"
import { catalogue, type Platform } from "./catalogue.ts"
import { type Pin, toolsDirectory } from "./pins.ts"

const Pinned = Schema.fromJsonString(Schema.Record(Schema.String, Schema.String))

/** The sha256 of a file in a publisher's list (`<sha256>  <name>` a line), or in a file with nothing but the sum. */
export const checksumIn = (list: string, name: string): string | undefined => {
  const lines = list.split("\n").map((line) => line.trim().split(/\s+\*?/)).filter(([sum]) =>
    /^[0-9a-f]{64}$/.test(sum!)
  )
  const line = lines.find((words) => words[1] === name) ??
    (lines.length === 1 && lines[0]!.length === 1 ? lines[0] : undefined)
  return line?.[0]
}

/** The bytes of one file in a tar archive, or undefined. */
export const tarMember = (tar: Buffer, member: string): Buffer | undefined => {
  const text = (from: number, length: number) => tar.toString("utf8", from, from + length).split("\0", 1)[0]!
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0;) {
    const size = Number.parseInt(text(at + 124, 12), 8)
    if (text(at, 100).replace(/^\.\//, "") === member) return tar.subarray(at + 512, at + 512 + size)
    at += 512 + Math.ceil(size / 512) * 512
  }
  return undefined
}

/** The innermost reason: `connect ECONNREFUSED …` and not `fetch failed`. */
const reason = (error: unknown): string =>
  error instanceof Error ? error.cause instanceof Error ? reason(error.cause) : error.message : String(error)

const get = Effect.fnUntraced(function*(url: string, mirror: string | undefined) {
  const client = yield* HttpClient.HttpClient
  const from = mirror === undefined ? url : url.replace("https:/", mirror.replace(/\/$/, ""))
  const response = yield* client.get(from).pipe(
    Effect.flatMap((response) =>
      response.status === 200 ? Effect.succeed(response) : Effect.fail(`${from} answered ${response.status}`)
    ),
    Effect.timeoutOrElse({ duration: "5 seconds", orElse: () => Effect.fail(`${from} did not answer in 5 seconds`) })
  )
  return Buffer.from(yield* response.arrayBuffer)
}, (effect, url) => Effect.mapError(effect, (error) => typeof error === "string" ? error : `${url}: ${reason(error)}`))

/**
 * Writes the official release of a program to a file; fails with the reason, and writes nothing, when its sha256 is
 * neither the one in `checksums.json` nor, for files that are not listed there, the one that its publisher gives.
 */
export const download = Effect.fnUntraced(function*(pin: Pin, platform: Platform, to: string, options: {
  readonly mirror?: string | undefined
  readonly tools?: string | undefined
}) {
  const files = yield* FileSystem.FileSystem
  const release = catalogue[pin.program].release(pin.version, platform)
  const pinned = yield* files.readFileString(join(options.tools ?? toolsDirectory, "checksums.json")).pipe(
    Effect.flatMap(Schema.decodeUnknownEffect(Pinned)),
    Effect.mapError((error) => `checksums.json: ${error.message}`)
  )
  const published = release.checksums === undefined
    ? Effect.fail("its publisher gives no checksum and none is pinned")
    : Effect.map(get(release.checksums, options.mirror), (list) => checksumIn(list.toString(), basename(release.url)))
  const expected = pinned[release.url] ?? (yield* published)
  if (expected === undefined) return yield* Effect.fail(`${release.checksums} does not list ${basename(release.url)}`)

  const bytes = yield* get(release.url, options.mirror)
  const actual = createHash("sha256").update(bytes).digest("hex")
  if (actual !== expected) return yield* Effect.fail(`${release.url} has sha256 ${actual}, not ${expected}: refused`)

  const program = release.member === undefined ? bytes : yield* Effect.tryPromise({
    try: () => promisify(gunzip)(bytes),
    catch: (error) => `${release.url}: ${String(error)}`
  }).pipe(Effect.map((tar) => tarMember(tar, release.member!)))
  if (program === undefined) return yield* Effect.fail(`${release.url} has no ${release.member}`)
  yield* Effect.mapError(files.writeFile(to, program, { mode: 0o755 }), (error) => error.message)
})
