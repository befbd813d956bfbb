{{/* All functions by name, as JSON: what their contracts say (functions.yaml), then the values, of which the last one wins. */}}
{{- define "ebb.functions" -}}
{{- $root := . }}{{ $functions := dict }}
{{- $usual := dict
      "scale" (dict "min" 0 "max" 10 "concurrency" 50) "timeoutSeconds" 60
      "secrets" list "egress" list "env" dict "annotations" dict "image" "" "existingSecret" ""
}}
{{- $file := .Files.Get "functions.yaml" | required "functions.yaml is not in the chart; `ebb render` writes it" | fromYaml }}
{{- range $name, $function := $file.functions }}
{{- $values := $root.Values }}
{{- $said := mergeOverwrite (deepCopy $usual) $function (deepCopy $values.allFunctions) (deepCopy (get $values.functions $name | default dict)) }}
{{- $_ := set $functions $name $said }}
{{- end }}
{{- toJson $functions -}}
{{- end }}

{{/* (list $ name function): its Secret files. It gets those secrets that its contract names, and no others. */}}
{{- define "ebb.functionFiles" -}}
{{- $root := index . 0 }}{{ $function := index . 2 -}}
- { setting: DATABASE_URL, of: postgres-app, key: url }
- { setting: EBB_IDENTITY_JWKS, of: identity, key: public.jwks }
{{- include "ebb.redisFiles" $root }}
{{- with $root.Values.mail.existingSecret }}
- { setting: SMTP_URL, secret: {{ . }}, key: url }
{{- end }}
{{- range $function.secrets }}
- { setting: {{ . }}, secret: {{ $function.existingSecret | default $root.Values.functionSecrets.existingSecret | quote }}, key: {{ . }} }
{{- end }}
{{- end }}

{{- define "ebb.functionSettings" -}}
{{ include "ebb.commonSettings" (index . 0) }}
EBB_POOL_MAX: {{ int64 (index . 2).poolMax }}
{{- if not (index . 0).Values.mail.existingSecret }}
EBB_MAIL_FOLDER: /tmp/mail
{{- end }}
{{- end }}

{{/* (list $ name function): what both engines say of its container. No CPU limit: it would slow every cold start. */}}
{{- define "ebb.functionContainer" -}}
{{- $root := index . 0 }}{{ $name := index . 1 }}{{ $function := index . 2 -}}
{{- $settings := mergeOverwrite (include "ebb.functionSettings" . | fromYaml) $function.env -}}
name: function
image: {{ include "ebb.image" (list $root $name $function.image) }}
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
{{ include "ebb.env" (dict "settings" $settings "files" (include "ebb.functionFiles" . | fromYamlArray)) }}
{{- with $function.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{ include "ebb.securityContext" (include "ebb.uid" $root) }}
volumeMounts:
  {{- include "ebb.mounts" $root | nindent 2 }}
{{- end }}
