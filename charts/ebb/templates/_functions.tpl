{{/* All functions by name, as JSON: what their contracts say (functions.yaml), then the values, of which the last one wins. */}}
{{- define "ebb.functions" -}}
{{- $root := . }}{{ $functions := dict }}
{{- $usual := dict
      "scale" (dict "min" 0 "max" 10 "concurrency" 50) "timeoutMs" 10000 "timeoutSeconds" 60
      "uses" (list "mail" "postgres" "redis") "secrets" list "egress" list "env" dict "image" "" "existingSecret" ""
}}
{{- $file := .Files.Get "functions.yaml" | required "functions.yaml is not in the chart; `ebb render` writes it" | fromYaml }}
{{- range $name, $function := $file.functions }}
{{- $values := $root.Values }}
{{- $declared := ($function.resources | default dict).requests | toJson }}
{{- $said := mergeOverwrite (deepCopy $usual) $function (omit $values.allFunctions "serviceAccount" | deepCopy) (deepCopy (get $values.functions $name | default dict)) }}
{{- $requests := ($said.resources | default dict).requests }}
{{- if ne ($requests | toJson) $declared }}{{ $_ := set $said "reserved" $requests }}{{ end }}
{{- $_ := set $functions $name $said }}
{{- end }}
{{- toJson $functions -}}
{{- end }}

{{/* Says something where a contract takes changes of a table: the relay then reads the database's log. */}}
{{- define "ebb.readsChanges" -}}
{{- range include "ebb.functions" . | fromJson }}{{ if .change }}yes{{ end }}{{ end -}}
{{- end }}

{{/* (list $ name function): its Secret files: of what its code uses and its contract names, and no others. */}}
{{- define "ebb.functionFiles" -}}
{{- $root := index . 0 }}{{ $function := index . 2 -}}
- { setting: EBB_IDENTITY_JWKS, of: identity, key: public.jwks }
{{- if has "postgres" $function.uses }}
- { setting: DATABASE_URL, of: {{ include "ebb.loginOf" (list $root "functions") }}, key: url }
{{- if ne $root.Values.postgres.readReplicas "none" }}
- { setting: DATABASE_READ_URL, of: {{ include "ebb.loginOf" (list $root "functions") }}, key: read-url }
{{- end }}
{{- end }}
{{- if has "redis" $function.uses }}{{ include "ebb.redisFiles" $root }}{{ end }}
{{- if and (has "mail" $function.uses) $root.Values.mail.existingSecret }}
- { setting: SMTP_URL, secret: {{ $root.Values.mail.existingSecret }}, key: url }
{{- end }}
{{- if and (has "objects" $function.uses) $root.Values.objects.existingSecret }}
- { setting: EBB_OBJECTS_URL, secret: {{ $root.Values.objects.existingSecret }}, key: url }
{{- end }}
{{- range $function.secrets }}
- { setting: {{ . }}, secret: {{ $function.existingSecret | default $root.Values.functionSecrets.existingSecret | quote }}, key: {{ . }} }
{{- end }}
{{- end }}

{{- define "ebb.functionSettings" -}}
{{ include "ebb.commonSettings" (index . 0) }}
EBB_POOL_MAX: {{ int64 (index . 2).poolMax }}
{{- with (index . 2).reserved }}
# By what its seconds are priced, since its contract says otherwise.
{{- range $what, $quantity := include "ebb.texts" . | fromYaml }}
{{- if has $what (list "cpu" "memory") }}
EBB_RESERVED_{{ upper $what }}: {{ $quantity | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- if (index . 2).calls }}
{{ include "ebb.upstreamSetting" (index . 0) }}
{{- end }}
{{- if ne (include "ebb.engine" (index . 0)) "knative" }}
# On Knative its queue-proxy counts, and drains before the function gets the signal.
EBB_MAX_CONCURRENCY: {{ int64 (index . 2).scale.concurrency }}
EBB_DRAIN_MS: {{ include "ebb.drainMs" (index . 0) }}
{{- end }}
{{- if and (has "postgres" (index . 2).uses) (ne (index . 0).Values.postgres.readReplicas "none") }}
DATABASE_READ_MAX_LAG_MS: {{ int64 (index . 0).Values.postgres.readMaxLagMs }}
{{- end }}
{{- if and (has "mail" (index . 2).uses) (not (index . 0).Values.mail.existingSecret) }}
EBB_MAIL_FOLDER: /tmp/mail
{{- end }}
{{- if and (has "objects" (index . 2).uses) (index . 0).Values.objects.publicUrl }}
EBB_OBJECTS_PUBLIC_URL: {{ (index . 0).Values.objects.publicUrl | quote }}
{{- end }}
{{- end }}

{{/* (list $ name function): what all engines say of its container. No CPU limit: it would slow every cold start. */}}
{{- define "ebb.functionContainer" -}}
{{- $root := index . 0 }}{{ $name := index . 1 }}{{ $function := index . 2 -}}
{{- $settings := mergeOverwrite (include "ebb.functionSettings" . | fromYaml) $function.env }}
{{- $pod := include "ebb.podValues" (list $root $function) | fromJson -}}
name: function
image: {{ include "ebb.image" (list $root $name $function.image) }}
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
{{ include "ebb.env" (dict "settings" $settings "files" (include "ebb.functionFiles" . | fromYamlArray) "pod" $pod) }}
{{- with $function.resources }}
resources:
  {{- include "ebb.resources" . | nindent 2 }}
{{- end }}
{{ include "ebb.securityContext" (include "ebb.uid" $root) }}
volumeMounts:
  {{- include "ebb.mounts" $pod | nindent 2 }}
{{- end }}

{{/*
All proxies by name, as JSON: where their services are, and at which hosts; what `upstreams` says of one wins. Hosts whose URL
says no port have that of its scheme.
*/}}
{{- define "ebb.proxies" -}}
{{- $proxies := dict }}
{{- $file := .Files.Get "functions.yaml" | fromYaml }}
{{- range $name, $proxy := $file.proxies }}
{{- $given := get $.Values.upstreams $name | default dict }}
{{- $egress := $given.egress }}
{{- if not $egress }}
{{- $egress = $proxy.egress }}
{{- with $given.url }}
{{- $egress = list (include "ebb.hostOf" .) }}
{{- end }}
{{- end }}
{{- $_ := set $proxies $name (dict "url" ($given.url | default $proxy.url) "egress" $egress "timeoutMs" $proxy.timeoutMs) }}
{{- end }}
{{- toJson $proxies -}}
{{- end }}

{{/* In seconds, what the longest call of all may take, which may begin with a cold start. */}}
{{- define "ebb.longestCall" -}}
{{- $longestMs := 0 }}
{{- range $name, $function := include "ebb.functions" . | fromJson }}{{ $longestMs = max $longestMs (int64 $function.timeoutMs) }}{{ end }}
{{- range $name, $proxy := include "ebb.proxies" . | fromJson }}{{ $longestMs = max $longestMs (int64 $proxy.timeoutMs) }}{{ end }}
{{- divf (add $longestMs (int64 .Values.gateway.startTimeoutMs)) 1000 | ceil -}}
{{- end }}
