{{/* OpenTelemetry's own instrumentation, which the relay starts with, knows no name, and would send logs too. */}}
{{- define "ebb.relaySettings" -}}
{{ include "ebb.serviceSettings" . }}
EBB_ADMIN_PORT: 8081
EBB_POOL_MAX: {{ int64 .Values.relay.poolMax }}
OTEL_SERVICE_NAME: relay
OTEL_RESOURCE_ATTRIBUTES: service.namespace={{ .Release.Namespace }}
OTEL_LOGS_EXPORTER: none
{{- with .Values.relay.keep.eventsDays }}
EBB_KEEP_EVENTS_DAYS: {{ int64 . }}
{{- end }}
{{- if .Values.relay.keep.archive }}
EBB_ARCHIVE: required
{{- end }}
# Only probes and Prometheus call it; what it calls goes by undici.
OTEL_NODE_DISABLED_INSTRUMENTATIONS: http
{{- end }}

{{- define "ebb.relayFiles" -}}
{{ include "ebb.serviceFiles" (list . "relay") }}
- { setting: EBB_IDENTITY_KEY, of: identity, key: relay.jwk }
{{- include "ebb.callbackFiles" . }}
{{- end }}

{{/* Of the gateway, too, which accepts addresses where there is a secret. */}}
{{- define "ebb.callbackFiles" -}}
{{- with .Values.relay.callbacks.existingSecret }}
- { setting: EBB_CALLBACK_SECRET, secret: {{ . | quote }}, key: secret }
- { setting: EBB_CALLBACK_SECRET_PREVIOUS, secret: {{ . | quote }}, key: secret-previous, optional: true }
{{- end }}
{{- end }}
