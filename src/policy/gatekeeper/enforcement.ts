import * as Schema from "effect/Schema"

/** The point at which Sluice enforces, in the words of `scopedEnforcementActions`. */
const point = "sluice.dev"

const Action = Schema.Literals(["deny", "warn", "dryrun"])
export type Action = typeof Action.Type

const strictest: ReadonlyArray<Action> = ["deny", "warn", "dryrun"]

/** What a constraint says of enforcement. An action that is none of these is refused. */
export const enforcementFields = {
  enforcementAction: Schema.optionalKey(Schema.Literals(["deny", "warn", "dryrun", "scoped", ""])),
  scopedEnforcementActions: Schema.optionalKey(Schema.Array(Schema.Struct({
    action: Action,
    enforcementPoints: Schema.Array(Schema.Struct({ name: Schema.String }))
  })))
}

const Enforcement = Schema.Struct(enforcementFields)

/** The action for Sluice, the strictest of several; undefined if the constraint is enforced elsewhere only. */
export const actionOf = (
  { enforcementAction, scopedEnforcementActions }: typeof Enforcement.Type
): Action | undefined => {
  if (enforcementAction !== "scoped") {
    return enforcementAction === undefined || enforcementAction === ""
      ? "deny"
      : enforcementAction
  }
  const here = new Set(
    (scopedEnforcementActions ?? [])
      .filter(({ enforcementPoints }) => enforcementPoints.some(({ name }) => name === point || name === "*"))
      .map(({ action }) => action)
  )
  return strictest.find((action) => here.has(action))
}
