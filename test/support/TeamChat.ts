import { once } from "node:events"
import { at, type Json, type JsonObject } from "../../src/domain/Json.ts"
import { applyYaml } from "./AgentGround.ts"
import { type ChatServer, startChatServer } from "./ChatServer.ts"
import type { ControlPlane } from "./ControlPlane.ts"

/** Where the teams of a cluster are told: a chat on the loopback, with a webhook for each namespace. */
export class TeamChat {
  readonly #server: ChatServer

  private constructor(server: ChatServer) {
    this.#server = server
  }

  static async start(): Promise<TeamChat> {
    return new TeamChat(await startChatServer())
  }

  stop(): Promise<void> {
    return this.#server.stop()
  }

  /** A Notifier `chat` in a namespace. */
  join(plane: ControlPlane, namespace: string): Promise<void> {
    return applyYaml(
      plane,
      `apiVersion: v1
kind: Secret
metadata: {name: chat, namespace: ${namespace}}
stringData: {address: "${this.#server.url}/hooks/${namespace}"}
---
apiVersion: sluice.dev/v1alpha1
kind: Notifier
metadata: {name: chat, namespace: ${namespace}}
spec: {webhook: {secretRef: {name: chat}}}
`
    )
  }

  /** What was told in a namespace about one Delivery, oldest first. */
  about(id: string): ReadonlyArray<JsonObject> {
    const [namespace] = id.split("/")
    return this.#server.messages
      .filter(({ path }) => path === `/hooks/${namespace}`)
      .map(({ body }) => at(body, "data") as JsonObject)
      .filter(({ delivery }) => delivery === id)
  }

  /** Waits for a message about a Delivery that fits. */
  async says(id: string, what: string, claim: (data: JsonObject) => Json | undefined): Promise<JsonObject> {
    const late = AbortSignal.timeout(40_000)
    const gone = once(late, "abort")
    for (;;) {
      const found = this.about(id).find(claim)
      if (found !== undefined) return found
      if (late.aborted) throw new Error(`no message about ${id}: ${what}; there are ${JSON.stringify(this.about(id))}`)
      await Promise.race([this.#server.received(this.#server.messages.length + 1), gone])
    }
  }
}
