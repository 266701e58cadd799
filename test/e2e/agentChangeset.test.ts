import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { at } from "../../src/domain/Json.ts"
import { condition, type LiveDelivery } from "../support/AgentGround.ts"
import { AgentScene, configMap } from "../support/AgentScene.ts"
import { anew } from "../support/anew.ts"
import type { Files, Repository } from "../support/git/Repository.ts"

let scene: AgentScene

beforeAll(async () => {
  scene = await AgentScene.start()
}, 90_000)

afterAll(async () => {
  assert.notInclude(scene.agent.output, "a mistake in Sluice")
  await scene.stop()
})

const changes = `# METADATA
# scope: package
# schemas:
# - input: schema.changeset
package changes

deny contains {"msg": sprintf("%s must stay", [operation.name]), "operation": operation.id} if {
	some operation in input.operations
	operation.op in {"delete", "replace"}
	startswith(operation.name, "precious")
}

deny contains {"msg": "frozen things stay as they were made", "operation": operation.id} if {
	input.changeset.trigger == "drift"
	some operation in input.operations
	operation.op == "update"
	operation.name == "frozen"
	operation.oldObject.data.value != operation.object.data.value
}

deny contains "a rollback says so in its message" if {
	input.changeset.trigger == "rollback"
	not contains(input.changeset.source.message, "rollback")
}
`
const objects = `package objects

deny contains {"msg": "bad is not good", "path": "data.value"} if input.data.value == "bad"
`
const policies = { "policies/changes.rego": changes, "policies/objects.rego": objects }

/** A Delivery of its own, applied. */
const delivered = async (namespace: string, files: Files): Promise<Repository> => {
  await scene.tenant(namespace)
  const repository = await scene.git.repository(namespace)
  const commit = await repository.commit(files, "First")
  await scene.deliver(`${namespace}/app`, repository.url, "path: app")
  await scene.ready(`${namespace}/app`, commit)
  return repository
}

/** Waits until a commit is refused. */
const denied = (id: string, commit: string): Promise<LiveDelivery> =>
  scene.deliveries.delivery(
    id,
    `is denied on ${commit}`,
    (delivery) =>
      delivery.status?.lastAttemptedRevision?.endsWith(commit) === true &&
      condition(delivery, "Ready")?.reason === "PolicyDenied"
  )

const find = (namespace: string, name: string) => scene.find(`/api/v1/namespaces/${namespace}/configmaps/${name}`)

const own = [
  /^deliveries$/u,
  /^events$/u,
  /^leases$/u,
  /^(?:configmaps|secrets) sluice-app-(?:inventory|outbox|policies|key)-/u
]

/** Writes about a namespace since a time: those of Sluice's own record, and all others. */
const writesIn = async (namespace: string, since: string) => {
  const writes = (await scene.requests(since)).filter(({ objectRef, requestURI, verb }) =>
    ["create", "update", "patch", "delete", "deletecollection"].includes(verb) && objectRef?.namespace === namespace &&
    !requestURI.includes("dryRun=All")
  ).map(({ impersonatedUser, objectRef, user, verb }) => ({
    what: objectRef?.resource === "configmaps" || objectRef?.resource === "secrets"
      ? `${objectRef.resource} ${objectRef.name}`
      : objectRef?.resource ?? "",
    verb,
    user: impersonatedUser?.username ?? user.username
  }))
  const isOwn = ({ user, what }: (typeof writes)[number]) =>
    user === "admin" && own.some((pattern) => pattern.test(what))
  return { own: writes.filter(isOwn), others: writes.filter((write) => !isOwn(write)) }
}

/** The next request comes after this. */
const now = async (): Promise<string> => (await scene.requests()).at(-1)!.requestReceivedTimestamp

describe("a denied revision", () => {
  const id = "gated/app"
  let repository: Repository

  it("writes nothing but Sluice's own record, whichever pass denies it", async () => {
    repository = await delivered("gated", {
      ...policies,
      "app/precious.yaml": configMap("precious", "1"),
      "app/plain.yaml": configMap("plain", "1")
    })
    let since = await now()
    const bad = await repository.commit({ "app/plain.yaml": configMap("plain", "bad") }, "Bad")
    const first = await denied(id, bad)
    assert.deepInclude(first.status?.policy?.violations?.[0], {
      policy: "objects",
      source: { file: "app/plain.yaml", line: 4, column: 8 }
    })
    const objectsPass = await writesIn("gated", since)
    assert.deepStrictEqual(objectsPass.others, [])
    assert.isNotEmpty(objectsPass.own, "its status says so")
    assert.deepStrictEqual(
      // The watch on what was applied first may only just begin.
      (await scene.requests(since)).filter(({ impersonatedUser, verb }) =>
        impersonatedUser !== undefined && verb !== "list"
      )
        .map(({ requestURI, verb }) => `${verb} ${requestURI}`),
      [],
      "what the first pass denies never reaches the API server, not even as a dry-run"
    )

    since = await now()
    const less = await repository.commit(
      { "app/plain.yaml": configMap("plain", "2"), "app/precious.yaml": null },
      "Tidy up"
    )
    const second = await denied(id, less)
    const [violation] = second.status?.policy?.violations ?? []
    assert.deepInclude(violation, { policy: "changes", message: "precious must stay" })
    assert.deepInclude(violation?.object, { kind: "ConfigMap", name: "precious" })
    assert.strictEqual(condition(second, "PolicyPassed")?.status, "False")
    const changesetPass = await writesIn("gated", since)
    assert.deepStrictEqual(changesetPass.others, [])
    assert.strictEqual(at(await find("gated", "plain"), "data", "value"), "1", "not even what was fine")
    assert.isDefined(await find("gated", "precious"))
  })

  it("is not let through under a new name", async () => {
    const renamed = await repository.commit({ "app/precious-2.yaml": configMap("other", "1") }, "Rename it")
    const { status } = await denied(id, renamed)
    assert.strictEqual(status?.policy?.violations?.[0]?.message, "precious must stay")
    assert.isUndefined(await find("gated", "other"))
  })

  it("goes on as soon as nothing is denied", async () => {
    const commit = await repository.commit({ "app/precious.yaml": configMap("precious", "2") }, "Keep it")
    await scene.ready(id, commit)
    assert.isDefined(await find("gated", "other"))
  })
})

describe("the policies in force before", () => {
  const id = "before/app"
  let repository: Repository

  it("judge the commit that deletes them, also after a restart", async () => {
    repository = await delivered("before", { ...policies, "app/plain.yaml": configMap("plain", "1") })
    assert.isDefined(await find("before", "sluice-app-policies-0"))
    await scene.restart()
    await scene.ready(id)
    const commit = await repository.commit(
      { "policies/changes.rego": null, "policies/objects.rego": null, "app/plain.yaml": configMap("plain", "bad") },
      "Switch the gate off"
    )
    const { status } = await denied(id, commit)
    const [violation] = status?.policy?.violations ?? []
    assert.strictEqual(violation?.bundle.name, "repository (in force before)")
    assert.include(violation?.message, "bad is not good (policies in force before this revision)")
    assert.include(violation?.remedy, "change spec.policy of the Delivery")
    assert.strictEqual(at(await find("before", "plain"), "data", "value"), "1")
  })

  it("are lifted by whoever may edit the Delivery", async () => {
    await scene.patch(id, { spec: { policy: { data: { lifted: "INC-42" } } } })
    await scene.ready(id, await repository.head())
    assert.strictEqual(at(await find("before", "plain"), "data", "value"), "bad")
  })

  it("end with a revision that takes the policies away, and nothing else", async () => {
    const back = await repository.commit({ ...policies, "app/plain.yaml": configMap("plain", "1") }, "Back again")
    await scene.ready(id, back)
    const without = await repository.commit({ "policies/changes.rego": null, "policies/objects.rego": null }, "No more")
    await scene.ready(id, without)
    const bad = await repository.commit({ "app/plain.yaml": configMap("plain", "bad") }, "Now it may")
    await scene.ready(id, bad)
  })

  it("may deny that anybody touches them", async () => {
    const guard = `# METADATA
# scope: package
# schemas:
# - input: schema.changeset
package guard

deny contains {"msg": sprintf("%s needs a signed commit", [operation.name]), "operation": operation.id} if {
	some operation in input.operations
	operation.gvk.kind == "Policy"
	operation.op in {"update", "delete"}
	not input.changeset.source.signature.present
}
`
    const guarded = await delivered("guarded", {
      "policies/guard.rego": guard,
      "app/plain.yaml": configMap("plain", "1")
    })
    const commit = await guarded.commit({ "policies/guard.rego": null }, "Away with it")
    const { status } = await denied("guarded/app", commit)
    assert.include(status?.policy?.violations?.[0]?.message, "policies/guard.rego needs a signed commit")
    assert.deepInclude(status?.policy?.violations?.[0]?.object, { kind: "Policy", name: "policies/guard.rego" })
  })

  it("fail closed where their record cannot be read, and are gone with their Delivery", async () => {
    const namespace = anew("lost")
    const lost = await delivered(namespace, { ...policies, "app/plain.yaml": configMap("plain", "1") })
    await scene.plane.request("DELETE", `/api/v1/namespaces/${namespace}/configmaps/sluice-app-policies-0`)
    await scene.restart()
    await scene.ready(`${namespace}/app`)
    await lost.commit({ "policies/changes.rego": null, "policies/objects.rego": null }, "Off")
    const blocked = await scene.deliveries.reason(`${namespace}/app`, "PolicyUnavailable")
    assert.match(condition(blocked, "Ready")?.message ?? "", /their record is gone.*Change spec\.policy/u)
    await scene.patch(`${namespace}/app`, { spec: { policy: { data: { lifted: "yes" } } } })
    await scene.ready(`${namespace}/app`, await lost.head())
    await scene.remove("guarded/app")
    await scene.gone("guarded/app")
    assert.isUndefined(await find("guarded", "sluice-app-policies-0"))
  })
})

describe("the trigger", () => {
  it("of a revision that was applied before is rollback", async () => {
    const rolled = anew("rolled")
    const repository = await delivered(rolled, { ...policies, "app/plain.yaml": configMap("plain", "1") })
    const first = await repository.head()
    const second = await repository.commit({ "app/plain.yaml": configMap("plain", "2") }, "Second")
    await scene.ready(`${rolled}/app`, second)
    await repository.branch("main", first)
    const { status } = await denied(`${rolled}/app`, first)
    assert.strictEqual(status?.policy?.violations?.[0]?.message, "a rollback says so in its message")
    assert.strictEqual(at(await find(rolled, "plain"), "data", "value"), "2")
    const reverted = await repository.commit({ "app/plain.yaml": configMap("plain", "3") }, "A new one is no rollback")
    await scene.ready(`${rolled}/app`, reverted)
  })

  it("of a heal is drift: what policies deny stays as it is and is told once, the rest is put back", async () => {
    const healed = anew("healed")
    await delivered(healed, {
      ...policies,
      "app/frozen.yaml": configMap("frozen", "1"),
      "app/free.yaml": configMap("free", "1")
    })
    const edit = (name: string, value: string) =>
      scene.plane.request(
        "PATCH",
        `/api/v1/namespaces/${healed}/configmaps/${name}?fieldManager=kubectl-edit`,
        { data: { value } },
        "application/merge-patch+json"
      )
    await edit("frozen", "taken")
    await scene.event(`${healed}/app`, "HealDenied", /frozen.*kubectl-edit, not put back: changes: frozen things stay/u)
    const { status } = await scene.deliveries.delivery(
      `${healed}/app`,
      "says that a heal is denied",
      (delivery) => delivery.status?.drift?.last?.action === "denied"
    )
    assert.deepInclude(status?.drift?.last, {
      object: `ConfigMap/${healed}/frozen`,
      manager: "kubectl-edit",
      fields: ["data.value"],
      why: "changes: frozen things stay as they were made"
    })
    await edit("free", "taken")
    await scene.event(`${healed}/app`, "Healed", /free/u)
    assert.strictEqual(at(await find(healed, "free"), "data", "value"), "1")
    assert.strictEqual(at(await find(healed, "frozen"), "data", "value"), "taken")
    assert.lengthOf(scene.eventsOf(`${healed}/app`).filter((reason) => reason === "HealDenied"), 1)
    // Nothing is in memory now: a run would put all of it back, and is denied. Each object is judged by itself all the same.
    await scene.restart()
    await scene.deliveries.reason(`${healed}/app`, "PolicyDenied")
    await edit("free", "taken again")
    while (at(await find(healed, "free"), "data", "value") !== "1");
    assert.strictEqual(at(await find(healed, "frozen"), "data", "value"), "taken")
  })
})
