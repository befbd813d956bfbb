{{- define "ebb.migrateSettings" -}}
{{ include "ebb.commonSettings" . }}
# Whom it lets do what they do.
{{- range include "ebb.ownLogins" . | fromJsonArray }}
EBB_{{ upper . }}_ROLE: {{ (get $.Values.postgres .).role }}
{{- end }}
{{- if and (include "ebb.sharedLogin" .) .Values.postgres.app.role }}
EBB_DATABASE_ROLE: {{ .Values.postgres.app.role }}
{{- end }}
{{- end }}

{{- define "ebb.migrateFiles" -}}
- { setting: DATABASE_DIRECT_URL, of: postgres-owner, key: url }
{{- end }}

{{/* The pod of the migration. */}}
{{- define "ebb.migrateTemplate" -}}
{{- $migrate := .Values.migrate }}
{{- $pod := include "ebb.podValues" (list . $migrate) | fromJson }}
{{- $files := include "ebb.migrateFiles" . | fromYamlArray -}}
metadata:
  {{- include "ebb.podMetadata" (list . $migrate "migrate" $files) | nindent 2 }}
spec:
  {{- include "ebb.podSpec" (list . $migrate "migrate") | nindent 2 }}
  restartPolicy: OnFailure
  terminationGracePeriodSeconds: 5
  containers:
    - name: migrate
      image: {{ include "ebb.image" (list . "migrate" $migrate.image) }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      {{- include "ebb.env" (dict "settings" (include "ebb.migrateSettings" . | fromYaml) "files" $files "pod" $pod) | nindent 6 }}
      resources:
        {{- include "ebb.resources" $migrate.resources | nindent 8 }}
      {{- include "ebb.securityContext" (include "ebb.uid" .) | nindent 6 }}
      volumeMounts:
        {{- include "ebb.mounts" $pod | nindent 8 }}
  volumes:
    {{- include "ebb.volumes" (dict "root" . "files" $files "pod" $pod) | nindent 4 }}
{{- end }}
