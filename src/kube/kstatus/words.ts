import type { HealthStatus } from "../../domain/Health.ts"
import { at, type Json } from "../../domain/Json.ts"

export interface Verdict {
  readonly status: HealthStatus
  readonly message: string
}

export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
}

export const current = (message: string): Verdict => ({ status: "Current", message })
export const inProgress = (message: string): Verdict => ({ status: "InProgress", message })
export const failed = (message: string): Verdict => ({ status: "Failed", message })

/** The text at a path, or an empty one. */
export const text = (object: Json | undefined, ...path: ReadonlyArray<string>): string => {
  const value = at(object, ...path)
  return typeof value === "string" ? value : ""
}

/** The number at a path, or `otherwise`. */
export const number = <A>(object: Json | undefined, otherwise: A, ...path: ReadonlyArray<string>): number | A => {
  const value = at(object, ...path)
  return typeof value === "number" ? value : otherwise
}

export const list = (object: Json | undefined, ...path: ReadonlyArray<string>): ReadonlyArray<Json> => {
  const value = at(object, ...path)
  return Array.isArray(value) ? value as ReadonlyArray<Json> : []
}

export const conditionsOf = (object: Json): ReadonlyArray<Condition> =>
  list(object, "status", "conditions").map((condition) => ({
    type: text(condition, "type"),
    status: text(condition, "status"),
    reason: text(condition, "reason"),
    message: text(condition, "message")
  }))

/** The condition, if it is true. */
export const isTrue = (object: Json, type: string): Condition | undefined =>
  conditionsOf(object).find((condition) => condition.type === type && condition.status === "True")
