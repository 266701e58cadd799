import { bitbucket } from "./bitbucket.ts"
import { generic } from "./generic.ts"
import { gitea } from "./gitea.ts"
import { github } from "./github.ts"
import { gitlab } from "./gitlab.ts"
import type { Provider } from "./Provider.ts"

/** What may stand after `/hooks/`, and in the label `source` of metrics. */
export const providers: ReadonlyMap<string, Provider> = new Map(
  Object.entries({ gitlab, github, gitea, forgejo: gitea, bitbucket, generic })
)
