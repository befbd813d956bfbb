{{/* (list $ values "gateway"): the account of a part; (list $ values "function" name): of a function, which is that of all of them unless it has its own. */}}
{{- define "ebb.serviceAccountName" -}}
{{- $root := index . 0 }}{{ $own := (index . 1).serviceAccount }}
{{- $name := include "ebb.name" (list $root (index . 2)) }}
{{- if eq (len .) 4 }}
{{- if $own }}{{ $name = last . }}{{ else }}{{ $own = $root.Values.allFunctions.serviceAccount }}{{ end }}
{{- end }}
{{- $own = $own | default dict }}
{{- $own.name | default (eq (toString $own.create) "false" | ternary "default" $name) -}}
{{- end }}

{{/* The same: the account itself, unless an existing one is named. */}}
{{- define "ebb.serviceAccount" -}}
{{- $root := index . 0 }}{{ $own := (index . 1).serviceAccount | default dict }}
{{- if ne (toString $own.create) "false" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "ebb.serviceAccountName" . }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "ebb.labels" (concat (list $root) (slice . 2)) | nindent 4 }}
  {{- with $own.annotations }}
  annotations:
    {{- include "ebb.texts" . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end }}
{{- end }}
