import * as Result from "effect/Result"
import { readFileSync, readlinkSync } from "node:fs"
import process from "node:process"
import { digest } from "../domain/digest.ts"

/** Where a process runs, as it stands in its Lease. */
export interface Place {
  readonly name: string
  /** Whether the process whose Lease says this place has ended for certain, seen from this one. */
  readonly isOver: (name: string) => boolean
}

/** A pod runs one process after the other. */
export const podPlace = (uid: string): Place => ({ name: uid, isOver: (name) => name === uid })

/** What no two kernels, nor two containers on one, have at once: numbers of processes mean nothing beyond it. */
const kernel = (): string =>
  Result.getOrElse(
    Result.try(() =>
      digest(readFileSync("/proc/sys/kernel/random/boot_id", "utf8"), readlinkSync("/proc/self/ns/pid")).slice(7, 15)
    ),
    () => ""
  )

const hasEnded = (pid: number): boolean => {
  const signalled = Result.try({ try: () => process.kill(pid, 0), catch: (error) => error as NodeJS.ErrnoException })
  return Result.isFailure(signalled) && signalled.failure.code === "ESRCH"
}

/** A process outside of a pod. Where its kernel (`""`) cannot be told from others, nobody is known to have ended. */
export const machinePlace = (host: string, pid: number = process.pid, within = kernel()): Place => {
  const before = within === "" ? `${host}_` : `${host}_${within}_`
  return {
    name: `${before}${pid}`,
    isOver: (name) => {
      const other = /^[1-9]\d*$/u.test(name.slice(before.length)) ? Number(name.slice(before.length)) : undefined
      if (within === "" || !name.startsWith(before) || other === undefined) return false
      // A number is given again when its process is no more.
      return other === pid || hasEnded(other)
    }
  }
}
