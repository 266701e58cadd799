import type { Socket } from "node:net"

/**
 * Ends a connection on which nothing was heard for so many milliseconds: a network that was cut tells nobody. It is for
 * connections on which the other side has something to say more often, such as answers to pings.
 */
export const endWhenDeaf = (socket: Socket, longest: number): void => {
  let heard = socket.bytesRead
  const timer = setInterval(() => {
    if (socket.bytesRead === heard) socket.destroy(new Error("nothing was heard from the other side any more"))
    heard = socket.bytesRead
  }, longest)
  timer.unref()
  socket.once("close", () => clearInterval(timer))
}
