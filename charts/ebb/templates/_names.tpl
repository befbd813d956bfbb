{{/*
What every name begins with: fullnameOverride, else the release's with "ebb" (or nameOverride) in it. A Service's begins
with a letter and has no dot (RFC 1035), which a release's may do: my.api is my-api-ebb, 1api is ebb-1api.
*/}}
{{- define "ebb.fullname" -}}
{{- $release := .Release.Name | replace "." "-" }}
{{- $chart := .Values.nameOverride | default .Chart.Name }}
{{- $name := printf "%s-%s" $release $chart }}
{{- if .Values.fullnameOverride }}{{ $name = .Values.fullnameOverride }}
{{- else if regexMatch "^[0-9]" $release }}{{ $name = printf "%s-%s" $chart $release }}
{{- else if contains $chart $release }}{{ $name = $release }}
{{- end -}}
{{- regexReplaceAll "-+$" (trunc 40 $name) "" -}}
{{- end }}

{{/* (list $ "gateway"): the name of what belongs to a part. */}}
{{- define "ebb.name" -}}
{{ include "ebb.fullname" (index . 0) }}-{{ index . 1 }}
{{- end }}

{{/* All pods of this release. */}}
{{- define "ebb.everything" -}}
app.kubernetes.io/part-of: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* (list $ "gateway") or (list $ "function" name): by which pods are found. It never changes, and is all that they are labelled with. */}}
{{- define "ebb.selector" -}}
app.kubernetes.io/name: {{ last . }}
app.kubernetes.io/component: {{ index . 1 }}
{{ include "ebb.everything" (index . 0) }}
{{- end }}

{{- define "ebb.labels" -}}
{{- $root := index . 0 -}}
{{ include "ebb.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- with $root.Values.commonLabels }}
{{ include "ebb.texts" . }}
{{- end }}
{{- end }}

{{/* (list $ "gateway"), whose name has the release's before it; a function (list $ "function" name) has its very own. */}}
{{- define "ebb.metadata" -}}
name: {{ eq (len .) 3 | ternary (last .) (include "ebb.name" .) }}
namespace: {{ (index . 0).Release.Namespace }}
labels:
  {{- include "ebb.labels" . | nindent 2 }}
{{- end }}

{{/* (list $ "gateway" override): the image of a part or a function: by its digest where there is one, else by the tag. */}}
{{- define "ebb.image" -}}
{{- $root := index . 0 }}{{ $name := index . 1 }}{{ $image := $root.Values.image }}
{{- $repository := without (list (trimSuffix "/" $image.registry) (trimAll "/" $image.repository) $name) "" | join "/" }}
{{- if index . 2 }}{{ index . 2 }}
{{- else if hasKey $image.digest $name }}{{ $repository }}@{{ get $image.digest $name }}
{{- else }}{{ $repository }}:{{ include "ebb.text" $image.tag | default $root.Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* The annotations of what needs the migration, of which Helm and the probes take care, for Argo CD. */}}
{{- define "ebb.afterMigration" -}}
argocd.argoproj.io/sync-wave: "1"
{{- end }}

{{/* knative, kubernetes, keda or openfaas */}}
{{- define "ebb.engine" -}}
{{- if ne .Values.engine "auto" }}{{ .Values.engine -}}
{{- else if .Capabilities.APIVersions.Has "serving.knative.dev/v1" }}knative
{{- else }}kubernetes
{{- end -}}
{{- end }}

{{/* Says something where functions are Deployments of ours. */}}
{{- define "ebb.deploysFunctions" -}}
{{- if has (include "ebb.engine" .) (list "kubernetes" "keda") }}yes{{ end -}}
{{- end }}

{{/* Says something where functions are not installed by us: faas-cli does it, by stack.yml. */}}
{{- define "ebb.onOpenfaas" -}}
{{- if eq (include "ebb.engine" .) "openfaas" }}yes{{ end -}}
{{- end }}

{{/* Says something where Prometheus' operator is, and is wanted. */}}
{{- define "ebb.monitored" -}}
{{- if and .Values.monitoring.enabled (.Capabilities.APIVersions.Has "monitoring.coreos.com/v1") }}yes{{ end -}}
{{- end }}

{{/* A number, a truth value or a text as text: numbers of YAML are floats here, which would have an exponent. */}}
{{- define "ebb.text" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) }}{{ int64 . }}{{ else }}{{ . }}{{ end -}}
{{- end }}

{{/* {name: value}: the same with each value as a text, as labels, annotations and selectors want it. */}}
{{- define "ebb.texts" -}}
{{- $texts := dict }}
{{- range $name, $value := . }}{{ $_ := set $texts $name (include "ebb.text" $value) }}{{ end }}
{{- toYaml $texts -}}
{{- end }}
