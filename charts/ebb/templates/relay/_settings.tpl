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
{{- with .Values.relay.checks.url }}
EBB_CHECKS_URL: {{ . | quote }}
{{- end }}
# Only probes and Prometheus call it; what it calls goes by undici.
OTEL_NODE_DISABLED_INSTRUMENTATIONS: http
{{- with .Values.broker.url }}
EBB_BROKER_URL: {{ . | quote }}
EBB_BROKER_PORT: 8090
EBB_BROKER_DRAIN: {{ $.Values.broker.drain | quote }}
EBB_BROKER_IDENTITY: {{ include "ebb.brokerIdentity" $ | quote }}
{{- end }}
{{- end }}

{{/* Whose tokens the relay takes events by, as EBB_BROKER_IDENTITY has it. */}}
{{- define "ebb.brokerIdentity" -}}
{{- $identity := .Values.broker.identity }}
{{- $given := dict
      "issuer" $identity.issuer
      "audience" (include "ebb.brokerAudience" .)
      "subjects" ($identity.subjects | default (list (printf "system:serviceaccount:%s:*" .Release.Namespace)))
}}
{{- with $identity.jwksUri }}{{ $_ := set $given "jwksUri" . }}{{ end }}
{{- toJson $given -}}
{{- end }}

{{- define "ebb.brokerAudience" -}}
{{- .Values.broker.identity.audience | default (include "ebb.relayHost" .) -}}
{{- end }}

{{/* The relay's Service, where a broker is. */}}
{{- define "ebb.relayHost" -}}
{{ include "ebb.name" (list . "relay") }}.{{ .Release.Namespace }}.svc
{{- end }}

{{/* Where the broker and the issuer of its tokens are, as "host:port". */}}
{{- define "ebb.brokerHosts" -}}
{{- $hosts := list }}
{{- with .Values.broker }}
{{- if .url }}
{{- $hosts = .egress | default (list (include "ebb.hostOf" .url)) }}
{{- $issuer := .identity.jwksUri | default .identity.issuer }}
{{- $hosts = concat $hosts (.identity.egress | default (list (include "ebb.hostOf" $issuer))) }}
{{- end }}
{{- end }}
{{- uniq $hosts | toJson -}}
{{- end }}

{{- define "ebb.relayFiles" -}}
{{ include "ebb.serviceFiles" (list . "relay") }}
- { setting: EBB_IDENTITY_KEY, of: identity, key: relay.jwk }
{{- include "ebb.callbackFiles" . }}
{{- with .Values.relay.checks.existingSecret }}
- { setting: EBB_CHECKS_KEY, secret: {{ . | quote }}, key: key }
{{- end }}
{{- with .Values.objects.existingSecret }}
- { setting: EBB_OBJECTS_URL, secret: {{ . | quote }}, key: url }
{{- end }}
{{- with .Values.broker }}
{{- if .url }}
- { setting: EBB_IDENTITY_JWKS, of: identity, key: public.jwks }
{{- if .audience }}
- { setting: EBB_BROKER_TOKEN, audience: {{ .audience | quote }} }
{{- else if .existingSecret }}
- { setting: EBB_BROKER_TOKEN, secret: {{ .existingSecret | quote }}, key: token }
{{- end }}
{{- with .headersSecret }}
- { setting: EBB_BROKER_HEADERS, secret: {{ . | quote }}, key: headers }
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Of the gateway, too, which accepts addresses where there is a secret, and seals those of webhooks. */}}
{{- define "ebb.callbackFiles" -}}
{{- with .Values.relay.callbacks.existingSecret }}
- { setting: EBB_CALLBACK_SECRET, secret: {{ . | quote }}, key: secret }
- { setting: EBB_CALLBACK_SECRET_PREVIOUS, secret: {{ . | quote }}, key: secret-previous, optional: true }
{{- end }}
{{- with .Values.relay.webhooks.existingSecret }}
- { setting: EBB_WEBHOOK_KEY, secret: {{ . | quote }}, key: key }
- { setting: EBB_WEBHOOK_KEY_PREVIOUS, secret: {{ . | quote }}, key: key-previous, optional: true }
{{- end }}
{{- end }}
