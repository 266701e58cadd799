/** Fields of the built-in kinds that people write most: what a misspelt one was probably meant to be. */
export const fieldNames: ReadonlyArray<string> = `
  accessModes activeDeadlineSeconds affinity aggregationRule allowPrivilegeEscalation annotations apiGroup apiGroups
  apiVersion args automountServiceAccountToken backoffLimit behavior binaryData capabilities claimName clusterIP command
  completions concurrencyPolicy configMap configMapKeyRef configMapRef containerPort containers data defaultBackend
  defaultMode dnsPolicy egress emptyDir env envFrom ephemeral exec externalName externalTrafficPolicy failureThreshold
  fieldPath fieldRef finalizers fsGroup grpc hard host hostAliases hostNetwork hostPath hostPort hostname http httpGet
  httpHeaders image imagePullPolicy imagePullSecrets immutable ingress ingressClassName initContainers
  initialDelaySeconds ipFamilyPolicy items jobTemplate key kind labels lifecycle limits livenessProbe loadBalancerClass
  loadBalancerIP matchExpressions matchLabels maxReplicas maxSurge maxUnavailable medium metadata metrics
  minAvailable minReadySeconds minReplicas mountPath name namespace namespaceSelector nodeName nodePort nodeSelector
  operator optional parallelism parameters path pathType paths periodSeconds persistentVolumeClaim
  podAntiAffinity podManagementPolicy podSelector policyTypes port ports postStart preStop preemptionPolicy
  priorityClassName privileged progressDeadlineSeconds projected protocol provisioner readOnly readOnlyRootFilesystem
  readinessProbe reclaimPolicy replicas requests resourceNames resources restartPolicy revisionHistoryLimit roleRef
  rollingUpdate rules runAsGroup runAsNonRoot runAsUser scaleTargetRef schedule schedulerName scopes seccompProfile
  secret secretKeyRef secretName secretRef securityContext selector service serviceAccountName serviceName
  sessionAffinity sidecars sources spec startingDeadlineSeconds startupProbe storage storageClassName strategy
  stringData subPath subjects successThreshold suspend sysctls tcpSocket template terminationGracePeriodSeconds
  timeoutSeconds tls tolerations topologyKey topologySpreadConstraints ttlSecondsAfterFinished type updateStrategy
  value valueFrom values verbs volumeClaimTemplates volumeMode volumeMounts volumeName volumes webhooks whenUnsatisfiable
  workingDir
`.trim().split(/\s+/u)
