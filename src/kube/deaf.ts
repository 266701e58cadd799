import type { Socket } from "node:net"

/** How often it is looked while nothing is heard: so much later than it should be may the end be. */
const looks = 5

/**
 * Ends a connection on which nothing was heard for so many milliseconds: a network that was cut tells nobody. It is for
 * connections on which the other side has something to say more often, such as answers to pings.
 */
export const endWhenDeaf = (socket: Socket, longest: number): void => {
  let heard = socket.bytesRead
  let silent = 0
  const timer = setInterval(() => {
    silent = socket.bytesRead === heard ? silent + 1 : 0
    heard = socket.bytesRead
    if (silent >= looks) socket.destroy(new Error("nothing was heard from the other side any more"))
  }, longest / looks)
  timer.unref()
  socket.once("close", () => clearInterval(timer))
}
