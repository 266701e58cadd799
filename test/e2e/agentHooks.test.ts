import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { senders } from "../server/webhooks.ts"
import { AgentProcess, applyYaml, condition, Deliveries, installCrds } from "../support/AgentGround.ts"
import { anew } from "../support/anew.ts"
import { type ControlPlane, startControlPlane } from "../support/ControlPlane.ts"
import type { Repository } from "../support/git/Repository.ts"
import { type GitServer, startGitServer } from "../support/GitServer.ts"
import { leastRights, tenant } from "../support/Tenants.ts"

const password = "correct-horse-battery"
const signingToken = `whsec_${Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")}`
/** Of all that is asked at once. */
const soon = 40_000

let plane: ControlPlane
let git: GitServer
let agent: AgentProcess
let deliveries: Deliveries
let hooks: string

beforeAll(async () => {
  ;[plane, git] = await Promise.all([
    startControlPlane(),
    startGitServer({ basic: { username: "sluice", password } })
  ])
  await installCrds(plane)
  const kubeconfig = await leastRights(plane)
  await tenant(plane, "shop")
  deliveries = new Deliveries(plane)
  agent = await AgentProcess.start({ kubeconfig })
  hooks = `${await agent.address("http")}/hooks`
}, 110_000)

afterAll(async () => {
  deliveries?.stop()
  await agent?.remove()
  await Promise.all([plane?.stop(), git?.stop()])
})

const secret = (namespace: string, name: string, values: Readonly<Record<string, string>>) =>
  applyYaml(
    plane,
    JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name, namespace }, stringData: values })
  )

const deliver = (namespace: string, name: string, { url }: Repository, interval: string, hooked = false) =>
  applyYaml(
    plane,
    `apiVersion: sluice.dev/v1alpha1
kind: Delivery
metadata: {name: ${name}, namespace: ${namespace}}
spec:
  source:
    git: {url: "${url}", branch: main, secretRef: {name: ${name}-git}, insecure: true}
    interval: ${interval}
    ${hooked ? `webhook: {secretRef: {name: ${name}-hook}}` : ""}
`
  )

const commit = (repository: Repository, says: string) =>
  repository.commit(
    {
      "a.yaml": `apiVersion: v1
kind: ConfigMap
metadata: {name: ${/([\w-]+)\.git$/u.exec(repository.url)![1]}}
data: {says: "${says}"}
`
    },
    `Say ${says}`
  )

const post = async (
  source: string,
  body: string,
  headers: Readonly<Record<string, string>>
): Promise<number> => (await fetch(`${hooks}/${source}`, { method: "POST", body, headers })).status

/** Waits for what only shows when it is asked for. */
const until = async (what: string, claim: () => boolean): Promise<void> => {
  for (const deadline = Date.now() + soon; !claim();) {
    if (Date.now() > deadline) assert.fail(`not within ${soon} ms: ${what}`)
    await plane.request("GET", "/readyz")
  }
}

describe("webhooks", () => {
  /** Another Delivery at another try. */
  let hooked = ""
  let repository: Repository
  const gitlab = () =>
    JSON.stringify({ object_kind: "push", after: "1".repeat(40), project: { git_http_url: repository.url } })
  const github = () => JSON.stringify({ after: "1".repeat(40), repository: { clone_url: repository.url } })
  const generic = () => JSON.stringify({ repository: repository.url })

  it("make a push be applied at once, though the interval is ten minutes", async () => {
    hooked = anew("hooked")
    repository = await git.repository(hooked)
    const first = await commit(repository, "nothing yet")
    await secret("shop", `${hooked}-git`, { username: "sluice", password })
    await secret("shop", `${hooked}-hook`, { token: "a-plain-token", signingToken })
    await deliver("shop", hooked, repository, "10m", true)
    await deliveries.ready(`shop/${hooked}`, first, soon)

    const pushes = [
      ["gitlab", gitlab(), senders.gitlab("", "a-plain-token", "id-1")],
      ["gitlab", gitlab(), senders.gitlabSigned(gitlab(), signingToken, "id-2")],
      ["github", github(), senders.github(github(), "a-plain-token", "id-3")],
      ["generic", generic(), senders.generic(generic(), "a-plain-token")],
      [`gitlab/shop/${hooked}`, gitlab(), senders.gitlab("", "a-plain-token", "id-4")]
    ] as const
    for (const [source, body, headers] of pushes) {
      const pushed = await commit(repository, `by ${source} ${Object.keys(headers).length}`)
      assert.strictEqual(await post(source, body, headers), 202, source)
      await deliveries.ready(`shop/${hooked}`, pushed, soon)
    }
  })

  it("that nobody signed, or somebody else, are refused, and nothing happens", async () => {
    await commit(repository, "unheard")
    git.requests.length = 0
    const wrong = [
      ["gitlab", gitlab(), senders.gitlab("", "a-wrong-token!", "id-5")],
      ["gitlab", gitlab(), senders.gitlabSigned(gitlab(), `whsec_${Buffer.alloc(32).toString("base64")}`, "id-6")],
      ["github", github(), senders.github(github(), "a-wrong-token!", "id-7")],
      ["generic", generic(), senders.generic(generic(), "a-wrong-token!")],
      ["generic", generic(), {}],
      // Signed for another body.
      ["github", generic(), senders.github(github(), "a-plain-token", "id-8")]
    ] as const
    for (const [source, body, headers] of wrong) assert.strictEqual(await post(source, body, headers), 401, source)
    assert.deepStrictEqual(git.requests.map(({ path }) => path), [])
  })

  it("are signed with the Secret as it is now", async () => {
    const newer = anew("a-newer-token")
    git.requests.length = 0
    await secret("shop", `${hooked}-hook`, { token: newer, signingToken })
    // The newer Secret was taken when the source is followed anew.
    await until("the source is listed anew", () => git.requests.length > 0)
    const pushed = await commit(repository, "by the newer token")
    assert.strictEqual(await post("gitlab", gitlab(), senders.gitlab("", "a-plain-token", "id-9")), 401)
    assert.strictEqual(await post("gitlab", gitlab(), senders.gitlab("", newer, anew("id"))), 202)
    await deliveries.ready(`shop/${hooked}`, pushed, soon)
  })
})

describe("a changed credential", () => {
  it("is tried at once", async () => {
    const repository = await git.repository("locked")
    const first = await commit(repository, "locked")
    await secret("shop", "locked-git", { username: "sluice", password: "not the password" })
    await deliver("shop", "locked", repository, "10m")
    const refused = await deliveries.reason("shop/locked", "AuthFailed", soon)
    assert.include(condition(refused, "Ready")!.message, `Check the credentials in Secret "locked-git".`)
    await secret("shop", "locked-git", { username: "sluice", password })
    await deliveries.ready("shop/locked", first, soon)
  })

  it("may come a moment after it was needed: a Secret that was missing", async () => {
    const missing = anew("missing")
    const repository = await git.repository(missing)
    const first = await commit(repository, "missing")
    await deliver("shop", missing, repository, "10m")
    const refused = await deliveries.reason(`shop/${missing}`, "InvalidSpec", soon)
    assert.include(condition(refused, "Ready")!.message, `there is no Secret "${missing}-git"`)
    await secret("shop", `${missing}-git`, { username: "sluice", password })
    await deliveries.ready(`shop/${missing}`, first, soon)
  })

  it("is noticed at the interval by who may get the Secret and not watch it", async () => {
    const may = (resources: string, verbs: string) => `{apiGroups: [""], resources: [${resources}], verbs: [${verbs}]}`
    await tenant(plane, "narrow", `[${may("configmaps", "'*'")}, ${may("secrets", "get")}]`)
    const repository = await git.repository("narrow")
    const first = await commit(repository, "narrow")
    await secret("narrow", "narrow-git", { username: "sluice", password: "not the password" })
    await deliver("narrow", "narrow", repository, "3s")
    await deliveries.reason("narrow/narrow", "AuthFailed", soon)
    await secret("narrow", "narrow-git", { username: "sluice", password })
    await deliveries.ready("narrow/narrow", first, soon)
  })
})
