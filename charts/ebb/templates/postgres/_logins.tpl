{{/*
By which roles gateway, relay and functions log in to Postgres: each by its own; or all by one (postgres.app), as it was once.
Where that was installed, an upgrade makes the others and their Secrets, and the next one uses them: the migration, which
comes first, can let in only whom it finds.
*/}}

{{/* The parts that have a role of their own, as JSON, whether they use it yet or not. */}}
{{- define "ebb.ownRoles" -}}
{{- $postgres := .Values.postgres }}{{ $own := list }}
{{- $made := and (ne $postgres.mode "external") (not $postgres.app.existingSecret) }}
{{- range $part := list "gateway" "relay" "functions" }}
{{- if or $made (get $postgres $part).existingSecret }}{{ $own = append $own $part }}{{ end }}
{{- end }}
{{- toJson $own -}}
{{- end }}

{{/* (list $ "gateway"): the Secret by which it logs in, as _secrets.tpl calls it. */}}
{{- define "ebb.loginOf" -}}
{{- $root := index . 0 }}{{ $part := index . 1 }}{{ $of := printf "postgres-%s" $part }}
{{- $isThere := or $root.Release.IsInstall (include "ebb.existingSecret" (list $root $of)) (include "ebb.storedData" (list $root (include "ebb.name" (list $root $of))) | fromJson) }}
{{- and (has $part (include "ebb.ownRoles" $root | fromJsonArray)) (not (empty $isThere)) | ternary $of "postgres-app" -}}
{{- end }}

{{/* The parts that log in by a role of their own, as JSON. */}}
{{- define "ebb.ownLogins" -}}
{{- $own := list }}
{{- range $part := list "gateway" "relay" "functions" }}
{{- if ne (include "ebb.loginOf" (list $ $part)) "postgres-app" }}{{ $own = append $own $part }}{{ end }}
{{- end }}
{{- toJson $own -}}
{{- end }}

{{/* Says something where the one role is used, or was: pods of the revision before may still log in by it. */}}
{{- define "ebb.sharedLogin" -}}
{{- $all := eq (len (include "ebb.ownLogins" . | fromJsonArray)) 3 }}
{{- if or (not $all) .Values.postgres.app.existingSecret (include "ebb.storedData" (list . (include "ebb.name" (list . "postgres-app"))) | fromJson) }}yes{{ end -}}
{{- end }}

{{/* The roles that the chart makes or has made, as JSON, by the name under which _secrets.tpl knows them. */}}
{{- define "ebb.roles" -}}
{{- $postgres := .Values.postgres }}
{{- $roles := dict }}
{{- range include "ebb.ownRoles" . | fromJsonArray }}{{ $_ := set $roles . (get $postgres .).role }}{{ end }}
{{- if include "ebb.sharedLogin" . }}{{ $_ := set $roles "app" $postgres.app.role }}{{ end }}
{{- toJson $roles -}}
{{- end }}
