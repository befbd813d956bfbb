{{/*
(list $ values): what is said of the pods of all parts, and of those of this one, as JSON. Maps and lists add up; of the
rest the part's own is taken where it has one.
*/}}
{{- define "ebb.podValues" -}}
{{- $all := (index . 0).Values }}{{ $own := index . 1 }}{{ $both := dict }}
{{- range list "podAnnotations" "podLabels" "nodeSelector" }}
{{- $_ := set $both . (merge (dict) (get $own . | default dict) (get $all . | default dict)) }}
{{- end }}
{{- range list "tolerations" "extraEnv" "envFrom" "extraVolumes" "extraVolumeMounts" }}
{{- $_ := set $both . (concat (get $all . | default list) (get $own . | default list)) }}
{{- end }}
{{- range list "affinity" "topologySpreadConstraints" "priorityClassName" }}
{{- $_ := set $both . (get $own . | default (get $all .)) }}
{{- end }}
{{- toJson $both -}}
{{- end }}

{{/* (list $ values "gateway") or (list $ values "function" name): the labels of pods. */}}
{{- define "ebb.podLabels" -}}
{{- $root := index . 0 }}{{ $pod := include "ebb.podValues" . | fromJson -}}
{{ include "ebb.selector" (concat (list $root) (slice . 2)) }}
{{- with merge (dict) $pod.podLabels $root.Values.commonLabels }}
{{ include "ebb.texts" . }}
{{- end }}
{{- end }}

{{/* (list $ values files): the annotations of pods. */}}
{{- define "ebb.podAnnotations" -}}
{{- $root := index . 0 }}{{ $pod := include "ebb.podValues" . | fromJson -}}
checksum/secrets: {{ include "ebb.checksum" (dict "root" $root "files" (index . 2)) }}
{{- with $pod.podAnnotations }}
{{ include "ebb.texts" . }}
{{- end }}
{{- end }}

{{/* (list $ values "gateway" files): the metadata of a part's pods. */}}
{{- define "ebb.podMetadata" -}}
labels:
  {{- include "ebb.podLabels" (initial .) | nindent 2 }}
annotations:
  {{- include "ebb.podAnnotations" (list (index . 0) (index . 1) (last .)) | nindent 2 }}
{{- end }}

{{/* (list $ values "gateway") or (list $ values "function" name): no pod has a token of the cluster, or variables of its Services. */}}
{{- define "ebb.podSpec" -}}
{{- $root := index . 0 }}{{ $pod := include "ebb.podValues" . | fromJson -}}
serviceAccountName: {{ include "ebb.serviceAccountName" . }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with $pod.nodeSelector }}
nodeSelector:
  {{- include "ebb.texts" . | nindent 2 }}
{{- end }}
{{- with $pod.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $pod.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if $pod.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range $pod.topologySpreadConstraints }}
  {{- $pods := include "ebb.selector" (concat (list $root) (slice $ 2)) | fromYaml }}
  - {{ merge . (hasKey . "labelSelector" | ternary dict (dict "labelSelector" (dict "matchLabels" $pods))) | toYaml | nindent 4 | trim }}
  {{- end }}
{{- else if and (has (index . 2) (list "gateway" "relay")) (not $root.Values.scaleToZero) }}
topologySpreadConstraints:
  {{- include "ebb.apart" (list $root (index . 2)) | nindent 2 }}
{{- end }}
{{- with $pod.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{/* (list $ "gateway"): on as many nodes and in as many zones as there are. */}}
{{- define "ebb.apart" -}}
{{- $selector := include "ebb.selector" . -}}
{{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
- topologyKey: {{ . }}
  maxSkew: 1
  whenUnsatisfiable: ScheduleAnyway
  labelSelector:
    matchLabels:
      {{- $selector | nindent 6 }}
  matchLabelKeys: [pod-template-hash]
{{- end }}
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

{{/* pods.yaml, as JSON: the numbers that `ebb render` reads as well. */}}
{{- define "ebb.podNumbers" -}}
{{- .Files.Get "pods.yaml" | fromYaml | toJson -}}
{{- end }}

{{/* (list $ "service" "liveness"): the timing of a probe. */}}
{{- define "ebb.probeTiming" -}}
{{- $numbers := include "ebb.podNumbers" (index . 0) | fromJson -}}
{{- get (get $numbers.probes (index . 1)) (index . 2) | toYaml -}}
{{- end }}

{{/*
(list $ "http" "/_/health"): the port that is probed, and the path by which the pod stays ready. It starts when the schema is
there; a pod that serves callers goes on without the database, and tells each of them so.
*/}}
{{- define "ebb.probes" -}}
{{- $root := index . 0 }}{{ $port := index . 1 -}}
{{- $scheme := eq (len .) 4 | ternary ", scheme: HTTPS" "" -}}
startupProbe:
  httpGet: { path: /_/ready, port: {{ $port }}{{ $scheme }} }
  {{- include "ebb.probeTiming" (list $root "service" "startup") | nindent 2 }}
readinessProbe:
  httpGet: { path: {{ index . 2 }}, port: {{ $port }}{{ $scheme }} }
  {{- include "ebb.probeTiming" (list $root "service" "readiness") | nindent 2 }}
livenessProbe:
  httpGet: { path: /_/health, port: {{ $port }}{{ $scheme }} }
  {{- include "ebb.probeTiming" (list $root "service" "liveness") | nindent 2 }}
{{- end }}

{{- define "ebb.drainMs" -}}
{{- (include "ebb.podNumbers" . | fromJson).shutdown.drainMs | int64 -}}
{{- end }}

{{/* (list $ "drainMs" "bodyMs"): the sum of these parts of an end, in seconds. */}}
{{- define "ebb.shutdownSeconds" -}}
{{- $shutdown := (include "ebb.podNumbers" (first .) | fromJson).shutdown }}{{ $ms := 0 }}
{{- range rest . }}{{ $ms = add $ms (int64 (get $shutdown .)) }}{{ end }}
{{- div $ms 1000 -}}
{{- end }}

{{/* None goes before its successor is ready. */}}
{{- define "ebb.strategy" -}}
strategy:
  rollingUpdate:
    maxUnavailable: 0
    maxSurge: 1
{{- end }}

{{/* (list $ values "gateway") or (list $ values "function" name) */}}
{{- define "ebb.podDisruptionBudget" -}}
{{- $root := index . 0 }}{{ $part := concat (list $root) (slice . 2) }}
{{- with (index . 1).podDisruptionBudget }}
{{- if .enabled -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "ebb.metadata" $part | nindent 2 }}
spec:
  maxUnavailable: {{ kindIs "string" .maxUnavailable | ternary .maxUnavailable (int64 .maxUnavailable) }}
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "ebb.selector" $part | nindent 6 }}
{{- end }}
{{- end }}
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

{{/* {requests, limits}: with each quantity as a text, so that 1 and 0.5 are as good as "1" and 500m. */}}
{{- define "ebb.resources" -}}
{{- $resources := dict }}
{{- range $kind, $quantities := . }}{{ $_ := set $resources $kind (include "ebb.texts" $quantities | fromYaml) }}{{ end }}
{{- toYaml $resources -}}
{{- end }}

{{/* {size, className}: the spec of a claim for a volume. */}}
{{- define "ebb.claimSpec" -}}
accessModes: [ReadWriteOnce]
{{- with .className }}
storageClassName: {{ . }}
{{- end }}
resources:
  requests:
    storage: {{ include "ebb.text" .size | quote }}
{{- end }}
