/** Any new value asks the agent for a run; the status echoes it once that run ended. */
export const requestAnnotation = "sluice.dev/requestedAt"
