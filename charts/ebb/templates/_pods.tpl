{{/* (list $ "gateway" files): the metadata of a part's pods. */}}
{{- define "ebb.podMetadata" -}}
labels:
  {{- include "ebb.selector" (list (index . 0) (index . 1)) | nindent 2 }}
annotations:
  checksum/secrets: {{ include "ebb.checksum" (dict "root" (index . 0) "files" (index . 2)) }}
{{- end }}

{{/* (list $ "gateway"): no pod has a token of the cluster, or variables of its Services. */}}
{{- define "ebb.podSpec" -}}
{{- $root := index . 0 -}}
serviceAccountName: {{ include "ebb.name" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "ebb.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "ebb.metadata" . | nindent 2 }}
automountServiceAccountToken: false
{{- end }}

{{/* Pod Security "restricted", said by each container, since Knative takes it from those only. The user as a number. */}}
{{- define "ebb.securityContext" -}}
securityContext:
  allowPrivilegeEscalation: false
  capabilities:
    drop: [ALL]
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  runAsUser: {{ . }}
  runAsGroup: {{ . }}
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{/* The distroless images' own. */}}
{{- define "ebb.uid" }}65532{{ end }}

{{/*
(list "http" "/_/health"): the port that is asked, and by which path it stays ready. It starts when the schema is there;
who serves callers goes on without the database, and then says so to each of them.
*/}}
{{- define "ebb.probes" -}}
{{- $port := index . 0 -}}
startupProbe:
  httpGet: { path: /_/ready, port: {{ $port }} }
  periodSeconds: 1
  timeoutSeconds: 3
  failureThreshold: 600
readinessProbe:
  httpGet: { path: {{ index . 1 }}, port: {{ $port }} }
  periodSeconds: 5
  timeoutSeconds: 3
livenessProbe:
  httpGet: { path: /_/health, port: {{ $port }} }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
{{- end }}

{{/* Until everybody has heard that this pod goes, it still takes requests, and closes the connections that bring them. */}}
{{- define "ebb.drainMs" -}}10000{{- end }}

{{/* None goes before its successor is ready. */}}
{{- define "ebb.strategy" -}}
strategy:
  rollingUpdate:
    maxUnavailable: 0
    maxSurge: 1
{{- end }}

{{/* (list $ "gateway") */}}
{{- define "ebb.spread" -}}
{{- $selector := include "ebb.selector" . -}}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- $selector | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
  {{- end }}
{{- end }}

{{/* (list $ "gateway") */}}
{{- define "ebb.podDisruptionBudget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "ebb.metadata" . | nindent 2 }}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "ebb.selector" . | nindent 6 }}
{{- end }}

{{/* (dict "name" … "min" … "max" … "percent" …): the spec of an autoscaler by CPU. */}}
{{- define "ebb.autoscalerSpec" -}}
scaleTargetRef:
  apiVersion: apps/v1
  kind: Deployment
  name: {{ .name }}
minReplicas: {{ int64 .min }}
maxReplicas: {{ int64 .max }}
metrics:
  - type: Resource
    resource:
      name: cpu
      target:
        type: Utilization
        averageUtilization: {{ int64 .percent }}
{{- end }}

{{/* {size, className}: the spec of a claim for a volume. */}}
{{- define "ebb.claimSpec" -}}
accessModes: [ReadWriteOnce]
{{- with .className }}
storageClassName: {{ . }}
{{- end }}
resources:
  requests:
    storage: {{ .size }}
{{- end }}
