import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { networkInterfaces, tmpdir } from "node:os"
import { basename, join } from "node:path"
import { isElf } from "../../deploy/image/elf.ts"
import { imagePrograms } from "../../deploy/image/programs.ts"
import { listing } from "../../deploy/image/Root.ts"
import { sizes, sizeTable, type Tree, user } from "../../deploy/image/tree.ts"
import { AgentProcess, applyYaml, condition, Deliveries, installCrds } from "../support/AgentGround.ts"
import { type ControlPlane, startControlPlane } from "../support/ControlPlane.ts"
import { type GitServer, startGitServer } from "../support/GitServer.ts"
import { imageProgramsFolder, makeTree, readBill, repository } from "../support/imageTree.ts"
import { insideOf, Jail } from "../support/Jail.ts"
import { leastRights, tenant } from "../support/Tenants.ts"

const dockerfile = readFileSync(join(import.meta.dirname, "..", "..", "deploy", "image", "Dockerfile"), "utf8")
const epoch = 1_700_000_000
const node = "/usr/local/bin/node"
const account = "var/run/secrets/kubernetes.io/serviceaccount"

let scratch: string
let programs: string
let tree: Tree
let jail: Jail
const root = () => join(scratch, "root")
const files = () => tree.entries.filter(({ size }) => size !== undefined)

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), "sluice-image-"))
  programs = await imageProgramsFolder(console.error)
  tree = makeTree(root(), programs, epoch)
  jail = await Jail.make(root(), dockerfile)
}, 600_000)

afterAll(async () => {
  await jail?.remove()
  for (const folder of [scratch, programs]) rmSync(folder ?? "", { recursive: true, force: true })
})

describe("the image's tree", () => {
  it("is small: under 250 MB, and what is ours under 60", () => {
    const { ours, whole } = sizes(tree.entries)
    console.log(`the image, ${process.arch}:\n${sizeTable(tree.entries)}`)
    assert.isBelow(ours, 60e6)
    assert.isBelow(whole, 250e6)
  })

  it("is the same, byte for byte, when it is made again", () => {
    const again = makeTree(join(scratch, "again"), programs, epoch)
    assert.strictEqual(listing(again.entries), listing(tree.entries))
    assert.strictEqual(again.digest, tree.digest)
    const times = new Set(again.entries.map(({ path }) => statSync(join(scratch, "again", path)).mtimeMs))
    assert.deepStrictEqual([...times], [epoch * 1000])
    rmSync(join(scratch, "again"), { recursive: true })
  }, 60_000)

  it("holds nothing to run but what the agent calls: no shell, no package manager", () => {
    const executable = files().filter(({ mode }) => (mode & 0o111) !== 0).map(({ path }) => path)
    const loader = executable.find((path) => basename(path).startsWith("ld-linux-"))
    assert.deepStrictEqual(
      executable.filter((path) => path !== loader),
      ["helm", "kustomize", "node", "opa"].map((name) => `usr/local/bin/${name}`)
    )
    const tools =
      /^(?:[bd]?a?sh|z?sh|busybox|toybox|env|apt.*|dpkg.*|apk|rpm|yum|dnf|npm|npx|corepack|yarn|pip.*|perl.*|python.*|curl|wget|git|go)$/u
    const found = files().filter(({ path }) => tools.test(basename(path)))
    assert.deepStrictEqual(found.map(({ path }) => path), [])
    // Without the bit there is still the loader, which runs what it is given: so nothing else is machine code but libraries.
    const programsOrLibraries = files().filter(({ path }) => isElf(readFileSync(join(root(), path))))
    const unknown = programsOrLibraries.filter(({ path }) => !executable.includes(path) && !/\.so\.\d+$/u.test(path))
    assert.deepStrictEqual(unknown.map(({ path }) => path), [])
  })

  it("may be written in /tmp and /data alone, and has no special modes", () => {
    const open = tree.entries.filter(({ mode, owner }) => owner !== "0:0" || (mode & 0o7022) !== 0)
    assert.deepStrictEqual(open.map(({ mode, owner, path }) => `${path} ${owner} ${mode.toString(8)}`), [
      `data ${user}:${user} 700`,
      "tmp 0:0 1777"
    ])
  })
})

describe("the bill of materials", () => {
  const bill = () => readBill(root())
  const packages = () => bill().packages
  const purls = () => packages().map(({ externalRefs }) => externalRefs[0]!.referenceLocator)

  it("names every npm package that is in the tree, with version and licence", () => {
    const inTree = files().filter(({ path }) => /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+\/package\.json$/u.test(path))
      .map(({ path }) => JSON.parse(readFileSync(join(root(), path), "utf8")))
    assert.isAbove(inTree.length, 25)
    const listed = packages().filter(({ SPDXID }) => SPDXID.startsWith("SPDXRef-npm-"))
    const told = listed.map(({ name, versionInfo }) => `${name}@${versionInfo}`).sort()
    assert.deepStrictEqual(told, inTree.map(({ name, version }) => `${name}@${version}`).sort())
    assert.deepStrictEqual(listed.filter((each) => each.licenseDeclared === "NOASSERTION").map(({ name }) => name), [])
    assert.deepStrictEqual(listed.filter((each) => each.checksums?.[0]?.checksumValue.length !== 128), [])
  })

  it("names every Go program with its modules, as Go itself reads them, and what it is", () => {
    for (const program of imagePrograms) {
      const text = execFileSync("go", ["version", "-m", join(root(), "usr/local/bin", program)], { encoding: "utf8" })
      const modules = [...text.matchAll(/^\t(?:mod|dep)\t(\S+)\t(\S+)/gmu)].map(([, path, version]) =>
        `${path}@${version}`
      )
      assert.isAbove(modules.length, 30)
      const missing = modules.filter((module) => !purls().includes(`pkg:golang/${module}`))
      assert.deepStrictEqual(missing, [], program)
      const about = packages().find(({ SPDXID }) => SPDXID === `SPDXRef-program-${program}`)!
      const inTree = tree.entries.find(({ path }) => path === `usr/local/bin/${program}`)
      assert.strictEqual(about.checksums?.[0]?.checksumValue, inTree?.sha256)
      assert.strictEqual(about.licenseDeclared, "Apache-2.0")
    }
  })

  it("names Node and the system's libraries, and is whole", () => {
    const known = packages().map(({ name }) => name)
    for (const name of ["node", "openssl", "v8", "libc6", "libstdc++6", "libgcc-s1", "stdlib"]) {
      assert.include(known, name)
    }
    const owned = new Set(packages().map(({ SPDXID }) => SPDXID))
    assert.strictEqual(owned.size, packages().length)
    assert.deepStrictEqual([...owned].filter((id) => !/^SPDXRef-[A-Za-z0-9.-]+$/u.test(id)), [])
    const { creationInfo, dataLicense, documentNamespace, relationships, spdxVersion } = bill()
    assert.deepStrictEqual([spdxVersion, dataLicense, creationInfo.created], [
      "SPDX-2.3",
      "CC0-1.0",
      "2023-11-14T22:13:20Z"
    ])
    assert.match(documentNamespace, /^https:\/\/sluice\.dev\/spdx\/sluice-.+-[0-9a-f]{64}$/u)
    const pointed = new Set<string>(relationships.map(({ relatedSpdxElement }) => relatedSpdxElement))
    assert.deepStrictEqual([...owned].filter((id) => !pointed.has(id)), [], "nothing is unrelated")
    assert.deepStrictEqual([...pointed].filter((id) => !owned.has(id)), [], "and nothing is made up")
  })
})

describe("in a container's place", () => {
  const inNode = (code: string, more = {}) => jail.run({ command: [node, "--input-type=module", "-e", code], ...more })

  /** What modules of ours in these folders name, statically or at a depth, and do not find. */
  const unlinked = async (folders: RegExp, without: ReadonlyArray<string> = []) => {
    const modules = files().map(({ path }) => path).filter((path) => folders.test(path) && path.endsWith(".ts"))
    const { code, stderr, stdout } = await inNode(
      `
      for (const path of ${JSON.stringify(modules)}) {
        // Workers have nobody to talk to here; what counts is that all that they import is there.
        await import("/" + path).catch(({ code, message }) =>
          /NOT_FOUND|NOT_EXPORTED/u.test(code) && console.log(path, message))
      }
      const { importConfig } = await import("/app/src/kube/clientNode.ts")
      const { KubeConfig } = await (await import("/app/node_modules/effect/dist/Effect.js")).runPromise(importConfig)
      process.exit(typeof KubeConfig === "function" ? 0 : 1)`,
      { without }
    )
    assert.strictEqual(code, 0, stderr)
    return stdout
  }

  it("every module of ours can be linked: no file is missing that any of them names", async () => {
    assert.strictEqual(await unlinked(/^app\/src\/(?!main\.ts)/u), "")
    const lacking = await unlinked(/^app\/src\/render\//u, ["app/node_modules/yaml/dist/compose/composer.js"])
    assert.match(lacking, /^app\/src\/render\/\w+\.ts Cannot find module '.+composer\.js'/u)
  }, 60_000)

  it("a write outside /tmp and /data fails, also one of root", async () => {
    const write = (path: string, user?: number) =>
      inNode(`(await import("node:fs")).writeFileSync(${JSON.stringify(path)}, "")`, user === undefined ? {} : { user })
    assert.include((await write("/app/src/new")).stderr, "EROFS")
    assert.include((await write("/usr/local/bin/new", 0)).stderr, "EROFS")
    assert.include((await write("/etc/passwd")).stderr, "EROFS")
    for (const path of ["/tmp/new", "/data/new"]) assert.strictEqual((await write(path)).code, 0)
  })

  it("renders and judges without Go, Git and a network, and says at once what it lacks", async () => {
    const source = join(scratch, "source")
    for (const [path, text] of Object.entries(repository("replicas: 0"))) {
      mkdirSync(join(source, path, ".."), { recursive: true })
      writeFileSync(join(source, path), text)
    }
    const check = (paths: ReadonlyArray<string>, without: ReadonlyArray<string> = []) =>
      jail.run({ args: ["check", ...paths.map((path) => `/source/${path}`)], mounts: { "/source": source }, without })
    const { code, stderr, stdout } = await check(["kustomized", "charted"])
    assert.strictEqual(code, 0, stdout + stderr)
    const begun = performance.now()
    const lacking = await check(["charted"], ["usr/local/bin/helm"])
    assert.strictEqual(lacking.code, 2)
    assert.include(lacking.stderr, "SLUICE_PROGRAMS is installed")
    // A download would have been waited for.
    assert.isBelow(performance.now() - begun, 20_000)
    const broken = await check(["charted"], ["app/node_modules/yaml/dist/index.js"])
    assert.include(broken.stderr, "Cannot find module")
  }, 60_000)
})

describe("the agent in a container's place", () => {
  let plane: ControlPlane
  let git: GitServer
  let deliveries: Deliveries
  let agent: AgentProcess
  let inside: { readonly mounts: Record<string, string>; readonly environment: Record<string, string> }

  beforeAll(async () => {
    ;[plane, git] = await Promise.all([startControlPlane(), startGitServer()])
    await installCrds(plane)
    await leastRights(plane)
    await tenant(plane, "shop")
    deliveries = new Deliveries(plane)
    const path = "/api/v1/namespaces/sluice-system/serviceaccounts/sluice/token"
    const { status } = await plane.request("POST", path, { spec: { expirationSeconds: 3600 } }) as {
      readonly status: { readonly token: string }
    }
    const secrets = join(scratch, "account")
    mkdirSync(secrets)
    const given = { token: status.token, "ca.crt": plane.caData, namespace: "sluice-system" }
    for (const [name, text] of Object.entries<string>(given)) writeFileSync(join(secrets, name), text)
    inside = {
      mounts: { [account]: secrets },
      environment: {
        KUBERNETES_SERVICE_HOST: "127.0.0.1",
        KUBERNETES_SERVICE_PORT: new URL(plane.server).port,
        POD_NAME: "sluice-0",
        POD_NAMESPACE: "sluice-system",
        POD_IP: "::1",
        POD_UID: "3f1d6a0e-0000-4000-8000-000000000000"
      }
    }
    agent = await AgentProcess.over(jail.spawn({
      args: ["agent", "--http-address", ":0", "--metrics-address", ":0", "--data-dir", "/data"],
      ...inside
    }))
  }, 60_000)

  afterAll(async () => {
    deliveries?.stop()
    await Promise.all([plane?.stop(), git?.stop()])
  })

  const deliver = (name: string, url: string) =>
    applyYaml(
      plane,
      `{apiVersion: sluice.dev/v1alpha1, kind: Delivery, metadata: {name: ${name}, namespace: shop}, spec: {source: {git: {url: "${url}", branch: main}, interval: 1s}, path: ${name}, apply: {wait: false}}}`
    )

  it("delivers with kustomize, helm, policies of the repository and of the library", async () => {
    const shop = await git.repository("shop")
    const denied = await shop.commit(repository(""), "Begin")
    await applyYaml(
      plane,
      "apiVersion: sluice.dev/v1alpha1\nkind: PolicyBundle\nmetadata: {name: images}\nspec: {source: {library: [images/digest-required]}}\n"
    )
    await Promise.all([deliver("kustomized", shop.url), deliver("charted", shop.url)])
    const refused = await deliveries.reason("shop/kustomized", "PolicyDenied", 50_000)
    assert.include(condition(refused, "Ready")?.message, "replicas are given")
    await deliveries.ready("shop/charted", denied, 30_000)
    const fixed = await shop.commit(repository("replicas: 0"), "Say how many")
    await Promise.all([
      deliveries.ready("shop/kustomized", fixed, 30_000),
      deliveries.ready("shop/charted", fixed, 30_000)
    ])
    for (const name of ["one-web", "charted-web"]) {
      await plane.request("GET", `/apis/apps/v1/namespaces/shop/deployments/${name}`)
    }
  }, 60_000)

  it("answers on IPv4 and IPv6, and tells its peers the address of its pod", async () => {
    const { port } = new URL((await agent.address("http")).replace("//:", "//localhost:"))
    const isDual = Object.values(networkInterfaces()).flat().some((one) => one?.address === "::1")
    for (const host of isDual ? ["127.0.0.1", "[::1]"] : ["127.0.0.1"]) {
      assert.strictEqual((await fetch(`http://${host}:${port}/healthz`)).status, 200, host)
    }
    const leases = await plane.request("GET", "/apis/coordination.k8s.io/v1/namespaces/sluice-system/leases")
    assert.include(JSON.stringify(leases), `"[::1]:${port}"`)
  })

  it("examines the cluster as well, with what the image holds", async () => {
    const { code, stderr, stdout } = await jail.run({ args: ["doctor", "--pre"], ...inside })
    // The agent's account may not install.
    assert.strictEqual(code, 1, stdout + stderr)
    assert.match(stdout, /^ok +cluster +is Kubernetes v1\.\d+\.\d+, within v1\.30 to v1\.\d+$/mu)
    assert.match(stdout, /^failed +your rights +/mu)
    for (const name of imagePrograms) assert.match(stdout, new RegExp(`^ok +programs +${name} `, "mu"))
    assert.notMatch(stdout + stderr, /mistake|^warning +programs/mu)
  }, 60_000)

  it("is nobody, holds no rights, and ends as it is told to, as the first process", async () => {
    const inside = insideOf(agent.process)
    const status = readFileSync(`/proc/${inside}/status`, "utf8")
    const said = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, "mu").exec(status)?.[1]?.trim()
    assert.strictEqual(said("Uid"), Array(4).fill(user).join("\t"))
    assert.strictEqual(said("Gid"), Array(4).fill(user).join("\t"))
    assert.strictEqual(said("Groups"), "")
    for (const set of ["CapEff", "CapPrm", "CapInh", "CapAmb"]) assert.match(said(set)!, /^0+$/u)
    assert.strictEqual(said("NoNewPrivs"), "1")
    assert.match(said("NSpid")!, /\t1$/u)
    const writable = readFileSync(`/proc/${inside}/mountinfo`, "utf8").trim().split("\n")
      .filter((line) => / rw,/u.test(line.split(" - ")[0]!)).map((line) => line.split(" ")[4])
    const devices = ["/dev", ...["null", "zero", "full", "random", "urandom"].map((name) => `/dev/${name}`)]
    assert.deepStrictEqual(writable.sort(), ["/data", "/proc", "/tmp", ...devices].sort())
    const memory = Number(/(\d+) kB/u.exec(said("VmRSS")!)?.[1])
    console.log(`the agent in the image holds ${Math.round(memory / 1024)} MiB`)
    process.kill(inside, "SIGTERM")
    assert.strictEqual(await agent.stop(), 143)
  }, 60_000)
})

describe("the Dockerfile", () => {
  it("is that recipe and no other", () => {
    const last = dockerfile.slice(dockerfile.lastIndexOf("\nFROM "))
    assert.match(last, /^\nFROM scratch\n/u)
    assert.deepStrictEqual(last.match(/^(?:COPY|ADD|RUN) .*$/gmu), ["COPY --from=tree /rootfs /"])
    assert.match(dockerfile, /node deploy\/image\/programs\.ts \/programs/u)
    assert.match(dockerfile, /node deploy\/image\/tree\.ts \/rootfs/u)
    assert.include(dockerfile, `ARG PROGRAMS="${imagePrograms.join(" ")}"`)
  })

  it("has the programs that our source asks for, no fewer and no more", () => {
    const asked = files().filter(({ path }) => path.startsWith("app/src/")).flatMap(({ path }) =>
      [...readFileSync(join(root(), path), "utf8").matchAll(/rograms\)?\.path\(\s*"([^"]+)"/gu)].map(([, name]) => name)
    )
    assert.deepStrictEqual([...new Set(asked)].sort(), imagePrograms.toSorted())
  })

  it("takes no base image that is not named with its digest", () => {
    const bases = [...dockerfile.matchAll(/^FROM (?:--platform=\S+ )?(\S+)/gmu)].map(([, name]) => name)
    assert.deepStrictEqual([...new Set(bases)].sort(), ["${GO_IMAGE}", "${NODE_IMAGE}", "scratch"])
    assert.deepStrictEqual(dockerfile.match(/^ARG (?:GO|NODE)_IMAGE=.*$/gmu), null)
  })
})
