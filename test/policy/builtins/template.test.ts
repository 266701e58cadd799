import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { LimitError } from "../../../src/policy/builtins/Builtin.ts"
import { readJson } from "../../../src/policy/builtins/json.ts"
import { template } from "../../../src/policy/builtins/template.ts"
import { Base } from "../gate.ts"
import { differences } from "./oracle.ts"

const data = readJson(JSON.stringify({
  a: [1, 2, "x", null, [], { k: 1.5 }],
  m: { z: 1, a: [true], n: null, deep: { x: "y" } },
  n: null,
  zero: 0,
  big: 12345678901234567890123n.toString(),
  text: "äö<b>&'\"",
  t: true,
  f: false,
  empty: "",
  none: [],
  l: ["a", "b", "c", "d", "e"]
}))

const templates = [
  "{{.a}} {{.m}} {{.n}} {{.zero}} {{.t}} {{.q}}",
  "{{if .zero}}yes{{else}}no{{end}}{{if .empty}}y{{else}}n{{end}}{{if .none}}y{{else if .t}}t{{else}}n{{end}}",
  "{{eq .zero 0}}",
  "{{eq .zero \"0\"}} {{eq .text \"x\" \"y\"}} {{ne .zero \"1\"}} {{eq .q .r}} {{eq .q \"x\"}}",
  "{{len .l}} {{len .text}} {{len .m}} {{index .l 1}} {{index .m \"z\"}} {{index .m \"none\"}} {{(index .a 5).k}}",
  "{{index .l 9}}",
  "{{printf \"%v-%s-%d-%5.2f|%q\" .zero .text 3 1.5 \"q\"}} {{print 1 2 \"a\" \"b\" 3}} {{println \"x\" 1}}",
  "{{.l | len | printf \"%03d\"}}",
  "{{range .m}}{{.}},{{end}} {{range $k, $v := .m}}{{$k}}={{$v}};{{end}} {{range .none}}x{{else}}none{{end}}",
  "{{range $i, $e := .l}}{{if eq $e \"b\"}}{{continue}}{{end}}{{if eq $e \"d\"}}{{break}}{{end}}{{$i}}{{$e}} {{end}}",
  "{{range 3}}{{.}}{{end}}{{range $i := .l}}{{$i}}{{end}}{{range .q}}x{{else}}nothing{{end}}",
  "{{with .m}}{{.z}}{{$.zero}}{{with .none}}x{{else}}e{{end}}{{end}} {{- \"x\" -}}  y {{/* c */}}{{.m.q}}.",
  "a  {{- /* c */ -}}  b",
  "{{lt 1 2}} {{le 1.5 1.5}} {{gt \"b\" \"a\"}} {{ge 1 2}} {{and 1 0}} {{or \"\" \"d\"}} {{not .m}} {{or .q .t}}",
  "{{lt 1 \"a\"}}",
  "{{html .text}} {{urlquery \"a b&c\"}}",
  "{{$x := .zero}}{{$x}}{{$x = \"q\"}}{{$x}}{{if .t}}{{$x := 1}}{{$x}}{{end}}{{$x}}",
  "{{slice \"abcdef\" 1 3}} {{slice .l 1 2}} {{slice .l 3}}",
  "{{1.0}} {{1.5}} {{1e3}} {{1e30}} {{-5}} {{0x1F}} {{+3}} {{\"\\u00e4\\n\"}} {{true}} {{`raw`}} {{'a'}}",
  "{{.m.n.x}}",
  "{{.m.q.x}}",
  "{{.text.x}}",
  "{{nil}}",
  "{{.a",
  "{{end}}",
  "{{if .t}}",
  "{{foo .a}}",
  "{{$y}}",
  "{{.zero .m}}",
  "{{print .q}} {{printf \"%v\" .n}} {{print nil}}"
]

layer(Base)("strings.render_template", (it) => {
  it.effect("renders as Go's text/template does", () =>
    Effect.gen(function*() {
      const expressions = templates.map((text) => `strings.render_template(${JSON.stringify(text)}, input)`)
      assert.deepStrictEqual(yield* differences(expressions, data), [])
    }), 30_000)

  it.effect("ends the evaluation where it does not know what Go knows, or where it has no end", () =>
    Effect.sync(() => {
      for (
        const text of [
          "{{define \"x\"}}{{end}}",
          "{{template \"x\"}}",
          "{{block \"x\" .}}{{end}}",
          "{{js .text}}",
          "{{range 100000}}{{range 100000}}{{end}}{{end}}",
          "{{range 1000000}}{{end}}"
        ]
      ) {
        assert.throws(() => template["strings.render_template"]!(text, data), LimitError, undefined, text)
      }
    }))
})
