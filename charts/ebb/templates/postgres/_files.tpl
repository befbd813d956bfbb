{{- define "ebb.postgresFiles" -}}
- { setting: POSTGRES_PASSWORD, of: postgres-superuser, key: password }
- { setting: OWNER_PASSWORD, of: postgres-owner, key: password }
- { setting: APP_PASSWORD, of: postgres-app, key: password }
{{- end }}
