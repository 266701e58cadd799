import type { ServerTime } from "../kube/serverTime.ts"
import { failed, type Finding, ok, warning } from "./Finding.ts"

const tolerated = 5_000
const bearable = 60_000

const remedy =
  "Let both keep time by NTP: until then certificates, suspensions, waivers and signed webhooks begin and end " +
  "at the wrong time."

const seconds = (milliseconds: number): string => `${Math.round(milliseconds / 1_000)} s`

/** By how much a clock is ahead of the server's at least, in milliseconds; negative: behind. */
export const skewOf = ({ after, before, server }: ServerTime): number => {
  // The server's time is a whole second, told at some moment between our two.
  if (before > server + 1_000) return before - server - 1_000
  return after < server ? after - server : 0
}

/** Whether our clock and the API server's agree. */
export const clock = (time: ServerTime): Finding => {
  const skew = skewOf(time)
  const by = Math.abs(skew)
  if (by < tolerated) return ok("clock", "this machine and the API server agree about the time")
  const message = `this machine is ${seconds(by)} ${skew > 0 ? "ahead of" : "behind"} the API server`
  return by < bearable ? warning("clock", message, remedy) : failed("clock", message, remedy)
}

/** Whether an agent's clock and the API server's agree, by what the agent writes into its Lease. */
export const agentClock = (name: string, renewed: number, now: number): Finding | undefined => {
  const ahead = renewed - now
  if (ahead < tolerated) return undefined
  const message = `the node of ${name} is ${seconds(ahead)} ahead of the API server`
  return ahead < bearable ? warning("clock", message, remedy) : failed("clock", message, remedy)
}
