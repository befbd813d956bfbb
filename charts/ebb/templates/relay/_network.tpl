{{/* Where the relay calls besides functions, as egress rules. */}}
{{- define "ebb.relayHosts" -}}
{{- if or .Values.relay.callbacks.existingSecret .Values.relay.webhooks.existingSecret }}
{{- include "ebb.toHosts" (list "*:443") }}
{{- end }}
{{- if .Values.objects.existingSecret }}
{{- with .Values.objects.egress }}
{{- include "ebb.toHosts" . }}
{{- end }}
{{- end }}
{{- with .Values.relay.checks }}
{{- if .url }}
{{- include "ebb.toHosts" (.egress | default (list (include "ebb.hostOf" .url))) }}
{{- end }}
{{- end }}
{{- with include "ebb.brokerHosts" . | fromJsonArray }}
{{- include "ebb.toHosts" . }}
{{- end }}
{{- end }}
