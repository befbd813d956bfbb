{{/* Says something where what is made up can be read back at the next rendering, or where that does not matter. */}}
{{- define "ebb.mayGenerate" -}}
{{- /* Without a cluster a list is nothing; with one it is a list, if an empty one. */ -}}
{{- if or (eq .Values.generateSecrets "always") (lookup "v1" "Secret" .Release.Namespace "") }}yes{{ end -}}
{{- end }}

{{/* The Secrets that the chart would make, as JSON: the value that names one of your own, and its keys. */}}
{{- define "ebb.generated" -}}
{{- $postgres := .Values.postgres.mode }}
{{- $login := "url, username, password" }}
{{- $app := ne .Values.postgres.pooler "none" | ternary (printf "%s, direct-url" $login) $login }}
{{- $all := dict "identity" "identity.existingSecret (gateway.jwk, relay.jwk, public.jwks)" "gateway" "gateway.existingSecret (key-pepper, admin-key)" }}
{{- if ne $postgres "external" }}
{{- $_ := set $all "postgres-owner" (printf "postgres.owner.existingSecret (%s)" $login) }}
{{- end }}
{{- range include "ebb.ownRoles" . | fromJsonArray }}{{ $_ := set $all (printf "postgres-%s" .) (printf "postgres.%s.existingSecret (%s)" . $app) }}{{ end }}
{{- if eq $postgres "bundled" }}{{ $_ := set $all "postgres-superuser" "postgres.bundled.existingSecret (password)" }}{{ end }}
{{- if eq .Values.redis.mode "bundled" }}{{ $_ := set $all "redis" "redis.existingSecret (url, users.acl)" }}{{ end }}
{{- $made := list }}
{{- range $of, $value := $all }}
{{- if not (include "ebb.existingSecret" (list $ $of)) }}{{ $made = append $made $value }}{{ end }}
{{- end }}
{{- toJson $made -}}
{{- end }}
