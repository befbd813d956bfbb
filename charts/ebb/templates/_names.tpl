{{/* What every name begins with: the release's, with "ebb" in it. */}}
{{- define "ebb.fullname" -}}
{{- $name := .Release.Name }}
{{- if not (contains .Chart.Name $name) }}{{ $name = printf "%s-%s" $name .Chart.Name }}{{ end -}}
{{- $name | trunc 40 | trimSuffix "-" -}}
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
{{- end }}

{{/* (list $ "gateway"), whose name has the release's before it; a function (list $ "function" name) has its very own. */}}
{{- define "ebb.metadata" -}}
name: {{ eq (len .) 3 | ternary (last .) (include "ebb.name" .) }}
namespace: {{ (index . 0).Release.Namespace }}
labels:
  {{- include "ebb.labels" . | nindent 2 }}
{{- end }}

{{/* (list $ "gateway" override): the image of a part or a function. */}}
{{- define "ebb.image" -}}
{{- $root := index . 0 }}{{ $image := $root.Values.image }}
{{- with index . 2 }}{{ . }}{{ else -}}
{{- without (list $image.registry $image.repository (index . 1)) "" | join "/" }}:{{ $image.tag | default $root.Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* knative or kubernetes */}}
{{- define "ebb.engine" -}}
{{- if ne .Values.engine "auto" }}{{ .Values.engine -}}
{{- else if .Capabilities.APIVersions.Has "serving.knative.dev/v1" }}knative
{{- else }}kubernetes
{{- end -}}
{{- end }}

{{/* Says something where Prometheus' operator is, and is wanted. */}}
{{- define "ebb.monitored" -}}
{{- if and .Values.monitoring.enabled (.Capabilities.APIVersions.Has "monitoring.coreos.com/v1") }}yes{{ end -}}
{{- end }}
