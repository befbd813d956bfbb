{{/* The arrows of the architecture, as pieces of NetworkPolicies. Whatever none of them allows is refused both ways. */}}

{{/* (list $ "gateway" "relay" …): our own pods. */}}
{{- define "ebb.pods" -}}
- podSelector:
    matchLabels:
      {{- include "ebb.everything" (first .) | nindent 6 }}
    matchExpressions:
      - key: app.kubernetes.io/component
        operator: In
        values: {{ rest . | toJson }}
{{- end }}

{{/* (list "a" "b"): all pods of these namespaces. */}}
{{- define "ebb.namespaces" -}}
- namespaceSelector:
    matchExpressions:
      - key: kubernetes.io/metadata.name
        operator: In
        values: {{ toJson . }}
{{- end }}

{{/* (list 1 2) */}}
{{- define "ebb.ports" -}}
ports:
  {{- range . }}
  - port: {{ int64 . }}
    protocol: TCP
  {{- end }}
{{- end }}

{{- define "ebb.toDns" -}}
{{- with .Values.networkPolicy.dns -}}
- to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ .namespace }}
      podSelector:
        matchLabels:
          {{- include "ebb.texts" .podLabels | nindent 10 }}
  ports:
    - port: 53
      protocol: UDP
    - port: 53
      protocol: TCP
{{- end }}
{{- end }}

{{- define "ebb.toPostgres" -}}
{{- $postgres := .Values.postgres -}}
{{- if eq $postgres.mode "external" }}
{{- include "ebb.toHosts" $postgres.external.egress }}
{{- else if eq $postgres.mode "cnpg" -}}
- to:
    {{- include "ebb.cnpgPods" . | nindent 4 }}
  {{- include "ebb.ports" (list 5432) | nindent 2 }}
{{- else -}}
- to:
    {{- include "ebb.pods" (list . "postgres") | nindent 4 }}
  {{- include "ebb.ports" (list 5432) | nindent 2 }}
{{- end }}
{{- if eq $postgres.pooler "external" }}
{{ include "ebb.toHosts" (list $postgres.poolerAddress) }}
{{- end }}
{{- end }}

{{/* For functions: the pooler alone, where there is one. */}}
{{- define "ebb.toPooled" -}}
{{- if eq .Values.postgres.pooler "external" }}
{{- include "ebb.toHosts" (list .Values.postgres.poolerAddress) }}
{{- else if eq .Values.postgres.pooler "cnpg" -}}
- to:
    - podSelector:
        matchLabels:
          cnpg.io/poolerName: {{ include "ebb.name" (list . "postgres-pooler") }}
  {{- include "ebb.ports" (list 5432) | nindent 2 }}
{{- else }}
{{- include "ebb.toPostgres" . }}
{{- end }}
{{- end }}

{{/* CloudNativePG's, the servers and its pooler. */}}
{{- define "ebb.cnpgPods" -}}
- podSelector:
    matchLabels:
      cnpg.io/cluster: {{ include "ebb.name" (list . "postgres") }}
{{- if eq .Values.postgres.pooler "cnpg" }}
- podSelector:
    matchLabels:
      cnpg.io/poolerName: {{ include "ebb.name" (list . "postgres-pooler") }}
{{- end }}
{{- end }}

{{- define "ebb.toRedis" -}}
{{- if eq .Values.redis.mode "external" }}
{{- include "ebb.toHosts" .Values.redis.external.egress }}
{{- else if eq .Values.redis.mode "bundled" -}}
- to:
    {{- include "ebb.pods" (list . "redis") | nindent 4 }}
  {{- include "ebb.ports" (list 6379) | nindent 2 }}
{{- end }}
{{- end }}

{{/* What knows where a function is, and starts one that is at zero: Knative's ingress, KEDA's interceptor, OpenFaaS' gateway, and nothing on plain Kubernetes. */}}
{{- define "ebb.toStarter" -}}
{{- $engine := include "ebb.engine" . -}}
{{- if eq $engine "knative" -}}
- to:
    {{- include "ebb.namespaces" .Values.knative.ingressNamespaces | nindent 4 }}
  {{- include "ebb.ports" .Values.knative.ingressPorts | nindent 2 }}
{{- else if eq $engine "keda" -}}
- to:
    {{- include "ebb.namespaces" (list .Values.keda.namespace) | nindent 4 }}
  {{- include "ebb.ports" (list .Values.keda.interceptor.podPort) | nindent 2 }}
{{- else if eq $engine "openfaas" -}}
- to:
    {{- include "ebb.namespaces" (list .Values.openfaas.namespace) | nindent 4 }}
  {{- include "ebb.ports" (list 8080) | nindent 2 }}
{{- end }}
{{- end }}

{{/* For gateway and relay. With KEDA a canary is reached without the interceptor, since it always has a pod. */}}
{{- define "ebb.toFunctions" -}}
{{- include "ebb.toStarter" . }}
{{- if include "ebb.deploysFunctions" . }}
- to:
    {{- include "ebb.pods" (list . "function") | nindent 4 }}
  {{- include "ebb.ports" (list 8080) | nindent 2 }}
{{- end }}
{{- end }}

{{/* What reaches the pods of a Knative Service. */}}
{{- define "ebb.fromKnative" -}}
# All requests come through the queue-proxy: from the activator, or straight from Knative's ingress.
- from:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ .Values.knative.namespace }}
      podSelector:
        matchLabels:
          app: activator
    {{- include "ebb.namespaces" .Values.knative.ingressNamespaces | nindent 4 }}
  {{- include "ebb.ports" (list 8012 8013 8112) | nindent 2 }}
- from:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ .Values.knative.namespace }}
      podSelector:
        matchLabels:
          app: autoscaler
  {{- include "ebb.ports" (list 9090) | nindent 2 }}
{{- if include "ebb.monitored" . }}
- from:
    {{- include "ebb.namespaces" .Values.monitoring.namespaces | nindent 4 }}
  {{- include "ebb.ports" (list 9091) | nindent 2 }}
{{- end }}
{{- end }}

{{- define "ebb.toCollector" -}}
{{- with .Values.telemetry.otlpEndpoint }}
{{- $url := urlParse . }}
{{- $host := regexMatch ":[0-9]+$" $url.host | ternary $url.host (printf "%s:%s" $url.host (eq $url.scheme "https" | ternary "443" "80")) }}
{{- include "ebb.toHosts" (list $host) }}
{{- end }}
{{- end }}

{{/*
A list of "host:port" (default port: 443) as egress rules. A NetworkPolicy knows no names: one of a Service
(name.namespace.svc) allows its namespace, a single word this one, any other name and * all public addresses; private ones
are written as an address or as a CIDR, such as 10.0.0.0/8:5432. The port is that of the pods.
*/}}
{{- define "ebb.toHosts" -}}
{{- range . }}
{{- $port := regexFind ":[0-9]+$" . | trimPrefix ":" | default "443" }}
{{- $host := regexReplaceAll ":[0-9]+$" . "" | trimAll "[]" }}
- to:
  {{- if regexMatch "^[0-9.]+$" $host }}
    - ipBlock: { cidr: "{{ $host }}/32" }
  {{- else if regexMatch "^[0-9.]+/[0-9]+$|^[0-9a-fA-F]*:[0-9a-fA-F:]*/[0-9]+$" $host }}
    - ipBlock: { cidr: "{{ $host }}" }
  {{- else if contains ":" $host }}
    - ipBlock: { cidr: "{{ $host }}/128" }
  {{- else if regexMatch "^[^.]+\\.[^.]+\\.svc(\\..+)?$" $host }}
    {{- include "ebb.namespaces" (list (index (splitList "." $host) 1)) | nindent 4 }}
  {{- else if and (ne $host "*") (not (contains "." $host)) }}
    - podSelector: {}
  {{- else }}
    - ipBlock:
        cidr: 0.0.0.0/0
        except: [10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16]
    - ipBlock:
        cidr: "::/0"
        except: ["::1/128", "fc00::/7", "fe80::/10"]
  {{- end }}
  {{- include "ebb.ports" (list $port) | nindent 2 }}
{{- end }}
{{- end }}

{{/* (list $ "gateway"): the head of the policy for a part's pods. */}}
{{- define "ebb.networkPolicy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "ebb.metadata" . | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/component: {{ index . 1 }}
      {{- include "ebb.everything" (index . 0) | nindent 6 }}
  policyTypes: [Ingress, Egress]
{{- end }}

{{/*
Refuses what would end in a 504 for the first request: no namespace from which functions may be called. Nothing is looked
up without a cluster (`helm template`); there is a kube-system in each. Who may not read namespaces gets Helm's own
refusal, in which this template's name is all that we can say.
*/}}
{{- define "ebb.knative-lookUpNamespaces-needs-the-right-to-read-namespaces" -}}
{{- if lookup "v1" "Namespace" "" "kube-system" }}
{{- $knative := .Values.knative }}
{{- if not (lookup "v1" "Namespace" "" $knative.namespace) }}
{{- fail (printf "knative.namespace: there is no namespace %s; name the one in which Knative's activator is, since only it may call a function" $knative.namespace) }}
{{- end }}
{{- $there := list }}
{{- range $knative.ingressNamespaces }}{{ if lookup "v1" "Namespace" "" . }}{{ $there = append $there . }}{{ end }}{{ end }}
{{- if not $there }}
{{- fail (printf "knative.ingressNamespaces: there is no namespace %s; name the one in which Knative's ingress is, such as kourier-system, istio-system or contour-internal, since requests reach functions from there only" (join " or " $knative.ingressNamespaces)) }}
{{- end }}
{{- end }}
{{- end }}
