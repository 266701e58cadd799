import { stringify } from "yaml"

/** The text of a kubeconfig with one cluster and one user; PEMs are embedded. */
export const kubeconfig = (options: {
  readonly server: string
  readonly certificateAuthority: string
  readonly user: string
  readonly namespace?: string
  readonly credential: { readonly certificate: string; readonly key: string } | { readonly token: string }
}): string => {
  const base64 = (text: string) => Buffer.from(text).toString("base64")
  const { credential, user } = options
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": user,
    clusters: [{
      name: "test",
      cluster: { server: options.server, "certificate-authority-data": base64(options.certificateAuthority) }
    }],
    users: [{
      name: user,
      user: "token" in credential ? { token: credential.token } : {
        "client-certificate-data": base64(credential.certificate),
        "client-key-data": base64(credential.key)
      }
    }],
    contexts: [{ name: user, context: { cluster: "test", user, namespace: options.namespace ?? "default" } }]
  }, { lineWidth: 0 })
}
