import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"

/** Does something when the scope closes, as whoever closes it. `Effect.addFinalizer` keeps all services for that: kilobytes. */
export const atClose = (finalizer: Effect.Effect<unknown>): Effect.Effect<void, never, Scope.Scope> =>
  Effect.flatMap(Effect.scope, (scope) => Scope.addFinalizer(scope, finalizer))
