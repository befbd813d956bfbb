{{- define "ebb.consoleSettings" -}}
PORT: 8080
LOG_LEVEL: {{ .Values.logLevel }}
EBB_ISSUERS: {{ include "ebb.issuers" . | quote }}
EBB_ADMIN_SCOPE: {{ .Values.gateway.adminScope | quote }}
EBB_CONSOLE_URL: {{ .Values.console.url | quote }}
EBB_CONSOLE_GATEWAYS: http://{{ include "ebb.name" (list . "gateway-pods") }}:8081
EBB_CONSOLE_CLIENT_ID: {{ .Values.console.clientId | quote }}
EBB_CONSOLE_SCOPES: {{ .Values.console.scopes | quote }}
{{- end }}

{{- define "ebb.consoleFiles" -}}
{{- with .Values.console.existingSecret }}
- { setting: EBB_CONSOLE_CLIENT_SECRET, secret: {{ . | quote }}, key: client-secret }
{{- end }}
{{- end }}
