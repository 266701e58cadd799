import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Base } from "../gate.ts"
import { differences } from "./oracle.ts"

const uris = [
  "https://example.com:8080/api?q=1#top",
  "HTTP://User:pa%20ss@Example.COM/a%2fb/c d?x=a b#f%20g",
  "mailto:a@example.com?subject=x",
  "//host/path",
  "///path",
  "/a//b?",
  "?q",
  "#f",
  "*",
  "",
  "a:b:c",
  "1a:b",
  "a b",
  ":x",
  "./a:b",
  "http://[::1]:80/",
  "http://[fe80::1%25en0]/",
  "http://[fe80::1%25]/",
  "http://[::ffff:1.2.3.4]/",
  "http://[1.2.3.4]/",
  "http://[::1",
  "http://a]b/",
  "http://a[b]/",
  "http://a:b/",
  "http://a:80:90/",
  "postgres://a:1,b:2/db",
  "http://a%41b/",
  "http://ä.example.com/ü",
  "http://a%c3%a4.com/",
  "http://ex ample/",
  "http://a<b>/",
  "http://a\\b/",
  "http://u@v@w/",
  "http://u<v@w/",
  "http://u%zz@w/",
  "http:/a/b",
  "http:a",
  "a/%zz",
  "a#%zz",
  "http://a/%7Euser?%zz",
  "http://a/!'()*;,",
  "http://a/[]{}|",
  "x://a?b?c",
  "x:?",
  "http://a\u007f/",
  "oci://registry.example.com:5000/a/b@sha256:abc"
]

layer(Base)("uri", (it) => {
  it.effect("reads what Go's net/url reads, and nothing else", () =>
    Effect.gen(function*() {
      const expressions = uris.flatMap((_, index) => [`uri.parse(input[${index}])`, `uri.is_valid(input[${index}])`])
      assert.deepStrictEqual(yield* differences(expressions, uris), [])
    }), 30_000)
})
