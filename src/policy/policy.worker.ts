import { parentPort } from "node:worker_threads"
import { dependOnTime, loadBuiltins } from "./builtins/catalogue.ts"
import { documents, narrowed } from "./documents.ts"
import { reviewed } from "./gatekeeper/alone.ts"
import { Host } from "./host.ts"
import { judge } from "./judge.ts"
import { type Finding, type Judge, type Loadable, type Reply, type Request, stamp } from "./protocol.ts"
import { integer } from "./regoValue.ts"

// A thread of its own, without environment: policies may loop for ever here, and are ended from outside.

interface Policy extends Pick<Loadable, "rules"> {
  readonly data: Uint8Array
  readonly host: (data: Uint8Array) => Host
  readonly whole: Host
  readonly dependsOnTime: boolean
}

let now = 0n
/** Empty until policies are loaded, and after they could not be: then nothing is judged. */
let loaded: ReadonlyArray<Policy> = []

const prepare = async (policy: Loadable): Promise<Policy> => {
  const names = new Host(policy.module, Buffer.from("{}"), new Map()).builtinNames
  const builtins = await loadBuiltins(names, () => integer(now))
  const host = (data: Uint8Array) => new Host(policy.module, data, builtins)
  const data = documents(policy.data, policy.given)
  return { rules: policy.rules, data, host, whole: host(data), dependsOnTime: dependOnTime(names) }
}

/** A bundle without a rule for a kind of document has nothing to say of it. */
const asks = ({ rules }: Policy, judges: Judge["judges"]): boolean => rules.includes(judges)

/** An error of the whole evaluation: which rule it is of is not known. */
const isNobodys = ({ isError, rule }: Finding): boolean => isError === true && rule === undefined

/** The rules one by one: those that fail are named, the others heard. Undefined if none fails alone, or all alike. */
const namedBy = (
  { data, host, rules }: Policy,
  judges: Judge["judges"],
  bundle: number,
  document: Uint8Array,
  identity: string
): ReadonlyArray<Finding> | undefined => {
  const findings = rules.flatMap((kind, rule) =>
    kind === judges
      ? judge(host(narrowed(data, rule)), judges, bundle, document, identity).map((finding) =>
        Object.assign(finding, { rule })
      )
      : []
  )
  const failed = findings.filter(({ isError }) => isError === true).map(({ message }) => message)
  return failed.length > 0 && failed.length === new Set(failed).size ? findings : undefined
}

const judgeDocuments = (
  { bytes, identities, judges, lengths, progress }: Judge
): ReadonlyArray<ReadonlyArray<Finding>> => {
  const begun = new Int32Array(progress)
  let offset = 0
  return lengths.map((length, index) => {
    Atomics.store(begun, 2, stamp(Date.now()))
    Atomics.store(begun, 0, index + 1)
    const document = bytes.subarray(offset, offset + length)
    offset += length
    return loaded.flatMap((policy, bundle) => {
      if (!asks(policy, judges)) return []
      const ask = (text: Uint8Array) => judge(policy.whole, judges, bundle, text, identities[index]!)
      if (judges === "review") return reviewed(document, bundle, ask)
      const found = ask(document)
      return found.some(isNobodys) ? namedBy(policy, judges, bundle, document, identities[index]!) ?? found : found
    })
  })
}

const judgeByRule = ({ bytes, identities, judges, progress }: Judge): ReadonlyArray<ReadonlyArray<Finding>> => {
  const begun = new Int32Array(progress)
  const findings: Array<Finding> = []
  for (const [bundle, { data, host, rules }] of loaded.entries()) {
    for (const [rule, kind] of rules.entries()) {
      Atomics.add(begun, 1, 1)
      if (kind === judges) findings.push(...judge(host(narrowed(data, rule)), judges, bundle, bytes, identities[0]!))
    }
  }
  return [findings]
}

const answer = async (request: Request): Promise<Reply | undefined> => {
  if (request.type === "load") {
    loaded = await Promise.all(request.policies.map(prepare))
    return undefined
  }
  if (loaded.length === 0) throw new Error("no policies are loaded")
  now = request.now
  const findings = request.by === "documents" ? judgeDocuments(request) : judgeByRule(request)
  return { type: "judged", findings, dependsOnTime: loaded.some(({ dependsOnTime }) => dependsOnTime) }
}

const send = (reply: Reply) => parentPort?.postMessage(reply, [])

const respond = async (request: Request): Promise<void> => {
  try {
    const reply = await answer(request)
    if (reply !== undefined) send(reply)
  } catch (error) {
    loaded = []
    send({ type: "failed", detail: error instanceof Error ? error.message : "unknown" })
  }
}

let previous: Promise<void> = Promise.resolve()

parentPort?.on("message", (request: Request) => {
  previous = previous.then(() => respond(request))
})

send({ type: "ready" })
