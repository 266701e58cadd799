import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import * as renderTest from "./renderTest.ts"
import { render } from "./renderTest.ts"

const chart = (schema: unknown) => ({
  "chart/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
  "chart/values.yaml": "a: 1\n",
  "chart/templates/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
  ...schema === undefined ? {} : { "chart/values.schema.json": JSON.stringify(schema) }
})

/** A tar file of a packaged chart. */
const archive = (files: Readonly<Record<string, string | Uint8Array>>) => {
  const blocks = Object.entries(files).flatMap(([name, text]) => {
    const header = Buffer.alloc(512)
    header.write(name, 0)
    header.write("0000644\0", 100)
    header.write(`${text.length.toString(8).padStart(11, "0")}\0`, 124)
    header.write("        0ustar\u000000", 148)
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148)
    return [header, Buffer.from(text), Buffer.alloc((512 - text.length % 512) % 512)]
  })
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]))
}

const server = Effect.acquireRelease(
  Effect.callback<{ readonly url: string; readonly asked: Array<string>; readonly close: () => void }>((resume) => {
    const asked: Array<string> = []
    const http = createServer((request, response) => {
      asked.push(request.url ?? "")
      response.end("{}")
    })
    http.listen(0, "127.0.0.1", () => {
      const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
      resume(Effect.succeed({ url, asked, close: () => void http.close() }))
    })
  }),
  ({ close }) => Effect.sync(close)
)

const outside = Effect.acquireRelease(
  Effect.sync(() => {
    const folder = mkdtempSync(join(tmpdir(), "sluice-outside-"))
    writeFileSync(join(folder, "credentials.json"), JSON.stringify({ enum: ["hunter2-of-the-agent"] }))
    return folder
  }),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
)

const said = (schema: unknown, more: Readonly<Record<string, string | Uint8Array>> = {}) =>
  Effect.match(render({ ...chart(schema), ...more }, { path: "chart" }), {
    onFailure: (error) => error.message,
    onSuccess: ({ manifests }) => `${manifests.length} objects`
  })

layer(renderTest.layer())("a schema of values", (it) => {
  it.effect("is no way to the agent's files, to its network or to another draft", () =>
    Effect.gen(function*() {
      const [folder, { asked, url }] = [yield* outside, yield* server]
      const file = `file://${folder}/credentials.json`
      for (
        const schema of [
          { properties: { a: { $ref: file } } },
          { $schema: file },
          { $id: `file://${folder}/x.json`, properties: { a: { $ref: "credentials.json" } } },
          { properties: { a: { allOf: [{ $dynamicRef: file }] } } },
          { properties: { a: { $ref: `${url}/secret` } } },
          { $schema: `${url}/schema` }
        ]
      ) {
        const answer = yield* said(schema)
        assert.include(answer, "leaves the schema")
        assert.notInclude(answer, "hunter2")
      }
      assert.deepStrictEqual(asked, [])
    }))

  it.effect("is none either in a subchart, packaged or not", () =>
    Effect.gen(function*() {
      const { asked, url } = yield* server
      const schema = JSON.stringify({ properties: { a: { $ref: `${url}/secret` } } })
      const files = { "sub/Chart.yaml": "apiVersion: v2\nname: sub\nversion: 1.0.0\n", "sub/values.yaml": "a: 1\n" }
      assert.include(
        yield* said(undefined, {
          "chart/charts/sub/Chart.yaml": files["sub/Chart.yaml"],
          "chart/charts/sub/values.schema.json": schema
        }),
        "leaves the schema"
      )
      const packaged = archive({ ...files, "sub/values.schema.json": schema })
      assert.strictEqual(yield* said(undefined, { "chart/charts/sub-1.0.0.tgz": packaged }), "1 objects")
      const outer = archive({ ...files, "sub/charts/sub-1.0.0.tgz": packaged })
      assert.strictEqual(yield* said(undefined, { "chart/charts/sub-1.0.0.tgz": outer }), "1 objects")
      assert.deepStrictEqual(asked, [])
    }))

  it.effect("still says which values are wrong, also beside a packaged subchart without one", () =>
    Effect.gen(function*() {
      const schema = {
        $schema: "http://json-schema.org/draft-07/schema#",
        definitions: { text: { type: "string" } },
        properties: { a: { $ref: "#/definitions/text" } }
      }
      assert.include(yield* said(schema), "got number, want string")
      const sub = archive({ "sub/Chart.yaml": "apiVersion: v2\nname: sub\nversion: 1.0.0\n" })
      assert.include(yield* said(schema, { "chart/charts/sub-1.0.0.tgz": sub }), "got number, want string")
    }))
})
