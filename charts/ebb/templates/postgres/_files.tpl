{{- define "ebb.postgresFiles" -}}
- { setting: POSTGRES_PASSWORD, of: postgres-superuser, key: password }
- { setting: OWNER_PASSWORD, of: postgres-owner, key: password }
{{- range $part, $role := include "ebb.roles" . | fromJson }}
- { setting: {{ upper $part }}_PASSWORD, of: postgres-{{ $part }}, key: password }
{{- end }}
{{- end }}
