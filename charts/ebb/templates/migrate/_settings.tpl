{{- define "ebb.migrateSettings" -}}
{{ include "ebb.commonSettings" . }}
{{- with .Values.postgres.app.role }}
# Whom it lets read and write what it has made.
EBB_DATABASE_ROLE: {{ . }}
{{- end }}
{{- end }}

{{- define "ebb.migrateFiles" -}}
- { setting: DATABASE_DIRECT_URL, of: postgres-owner, key: url }
{{- end }}
