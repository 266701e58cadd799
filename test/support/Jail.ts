import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { mkdtemp, rmdir } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** What the last stage of a Dockerfile says about running. */
export interface ImageSettings {
  readonly environment: Readonly<Record<string, string>>
  readonly user: number
  readonly folder: string
  readonly entrypoint: ReadonlyArray<string>
}

/** Reads the last stage: `ENV NAME=value`, `USER uid:gid`, `WORKDIR` and `ENTRYPOINT` as JSON. */
export const imageSettings = (dockerfile: string): ImageSettings => {
  const stage = dockerfile.slice(dockerfile.lastIndexOf("\nFROM "))
  const said = (word: string) => [...stage.matchAll(new RegExp(`^${word} (.+)$`, "gmu"))].map(([, value]) => value!)
  const [user, group] = said("USER")[0]!.split(":")
  if (user !== group) throw new Error("the image's user and group differ")
  return {
    environment: Object.fromEntries(said("ENV").map((line) => line.split("=", 2) as [string, string])),
    user: Number(user),
    folder: said("WORKDIR")[0]!,
    entrypoint: JSON.parse(said("ENTRYPOINT")[0]!)
  }
}

/**
 * What a container runtime does with an image, as far as the agent can tell: namespaces for mounts and processes, the tree
 * as the lower side of an overlay that is then made read-only, /proc, /dev, memory at /tmp and /data from which nothing can
 * be run, no capabilities, no new privileges, the image's user. The network is the machine's, so that loopback is shared.
 */
const script = `set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
tree=$1 jail=$2 user=$3 group=$4 folder=$5 mounts=$6 without=$7 path=$8; shift 8
mount -t tmpfs -o mode=0755 jail "$jail"
mkdir "$jail/upper" "$jail/work" "$jail/root"
mount -t overlay -o "lowerdir=$tree,upperdir=$jail/upper,workdir=$jail/work" image "$jail/root"
cd "$jail/root"
echo "127.0.0.1 localhost" > etc/hosts
: > etc/resolv.conf
mount -t proc -o nosuid,nodev,noexec proc proc
mount -t tmpfs -o mode=0755,nosuid,noexec dev dev
for device in null zero full random urandom; do : > "dev/$device"; mount --bind "/dev/$device" "dev/$device"; done
mount -t tmpfs -o mode=1777,nosuid,nodev,noexec,size=256m tmp tmp
mount -t tmpfs -o "mode=2770,uid=0,gid=$group,nosuid,nodev,noexec,size=512m" data data
for pair in $mounts; do
  mkdir -p "./\${pair%%=*}"
  mount --bind "\${pair#*=}" "./\${pair%%=*}"
  mount -o remount,bind,ro "./\${pair%%=*}"
done
for file in $without; do rm "./$file"; done
mount -o remount,ro "$jail/root"
export PATH="$path"
exec /usr/bin/setpriv --no-new-privs --bounding-set=-all,+sys_chroot,+setuid,+setgid \\
  /usr/bin/unshare --root=. --wd="$folder" --setgid="$group" --setuid="$user" -- "$@"
`

export interface Inmate {
  /** Instead of the image's entry and what comes with it. */
  readonly command?: ReadonlyArray<string>
  readonly args?: ReadonlyArray<string>
  readonly environment?: Readonly<Record<string, string>>
  /** Folders of this machine that are seen there, read-only, by their path in the image. */
  readonly mounts?: Readonly<Record<string, string>>
  /** Files of the image that are missing for this process. */
  readonly without?: ReadonlyArray<string>
  readonly user?: number
}

/** Runs processes in an image's root folder, as a container runtime would with a read-only root. */
export class Jail {
  readonly tree: string
  readonly settings: ImageSettings
  readonly #folder: string

  private constructor(tree: string, settings: ImageSettings, folder: string) {
    this.tree = tree
    this.settings = settings
    this.#folder = folder
  }

  /** Rejects where this machine does not allow namespaces: what cannot be proven must not pass. */
  static async make(tree: string, dockerfile: string): Promise<Jail> {
    const tried = spawnSync("unshare", ["--mount", "--pid", "--fork", "true"], { encoding: "utf8" })
    if (tried.status !== 0) {
      const why = tried.error?.message ?? tried.stderr.trim()
      throw new Error(`the image can be run only where mounts can be made: run this test as root (unshare: ${why})`)
    }
    return new Jail(tree, imageSettings(dockerfile), await mkdtemp(join(tmpdir(), "sluice-jail-")))
  }

  /** The process that is returned waits for the one inside, and ends as it does. */
  spawn({ args = [], command, environment = {}, without = [], mounts = {}, user }: Inmate): ChildProcess {
    const { entrypoint, environment: own, folder, user: group } = this.settings
    const pairs = Object.entries(mounts).map(([path, host]) => `${path}=${host}`).join(" ")
    const facts = [this.tree, this.#folder, user ?? group, group, folder, pairs, without.join(" "), own.PATH ?? ""]
    const namespaces = ["--mount", "--pid", "--fork", "--propagation", "private"]
    const inside = [...facts.map(String), ...command ?? entrypoint, ...args]
    return spawn("unshare", [...namespaces, "--", "/bin/sh", "-c", script, "sh", ...inside], {
      env: { ...own, ...environment, PATH: process.env.PATH },
      stdio: ["ignore", "pipe", "pipe"]
    })
  }

  /** Runs something to its end. */
  async run(
    inmate: Inmate
  ): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
    const child = this.spawn(inmate)
    let [stdout, stderr] = ["", ""]
    child.stdout!.on("data", (chunk: Buffer) => stdout += String(chunk))
    child.stderr!.on("data", (chunk: Buffer) => stderr += String(chunk))
    await once(child, "close")
    return { code: child.exitCode, stdout, stderr }
  }

  async remove(): Promise<void> {
    await rmdir(this.#folder)
  }
}

/** The process inside, as this machine numbers it. */
export const insideOf = ({ pid }: ChildProcess): number =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0])
