{{- define "ebb.gatewaySettings" -}}
{{ include "ebb.serviceSettings" . }}
{{- with .Values.gateway }}
PORT: 8080
EBB_ADMIN_PORT: 8081
EBB_POOL_MAX: {{ int64 .poolMax }}
EBB_DRAIN_MS: {{ include "ebb.drainMs" $ }}
# Without Redis each allows this part of a limit: all that there may be allow no more than the limit.
EBB_GATEWAY_REPLICAS: {{ int64 (.autoscaling.enabled | ternary .autoscaling.maxReplicas .replicas) }}
{{- if .tls.existingSecret }}
EBB_HTTPS_PORT: {{ int64 .service.port }}
{{- if .tls.httpPort }}
EBB_HTTP_PORT: 8082
{{- end }}
{{- end }}
{{- if .trustedHops }}
EBB_TRUSTED_HOPS: {{ int64 .trustedHops }}
{{- end }}
{{- with .addressLimit }}
EBB_ADDRESS_LIMIT: {{ . | quote }}
{{- end }}
{{- with .adminScope }}
EBB_ADMIN_SCOPE: {{ . | quote }}
{{- end }}
{{- with .cdn.tagHeader }}
EBB_CDN_TAG_HEADER: {{ . }}
{{- end }}
{{- with .cdn.purgeUrl }}
EBB_CDN_PURGE_URL: {{ . | quote }}
{{- end }}
{{- with .corsOrigins }}
EBB_CORS_ORIGINS: {{ join "," . | quote }}
{{- end }}
{{- end }}
{{- if .Values.issuers }}
EBB_ISSUERS: {{ include "ebb.issuers" . | quote }}
{{- end }}
{{- $addresses := dict }}
{{- range $name, $upstream := .Values.upstreams }}{{ with $upstream.url }}{{ $_ := set $addresses $name . }}{{ end }}{{ end }}
{{- with $addresses }}
EBB_UPSTREAMS: {{ toJson . | quote }}
{{- end }}
{{- end }}

{{/* The issuers as EBB_ISSUERS has them: without what is the chart's. */}}
{{- define "ebb.issuers" -}}
{{- $issuers := list }}
{{- range .Values.issuers }}
{{- $issuer := omit . "egress" }}
{{- with .introspection }}{{ $_ := set $issuer "introspection" (omit . "existingSecret") }}{{ end }}
{{- $issuers = append $issuers $issuer }}
{{- end }}
{{- toJson $issuers -}}
{{- end }}

{{/* Where they are, as "host:port": whose URL says no port has that of its scheme. */}}
{{- define "ebb.issuerHosts" -}}
{{- $hosts := list }}
{{- range .Values.issuers }}
{{- if .egress }}{{ $hosts = concat $hosts .egress }}
{{- else }}
{{- range compact (list .issuer .jwksUri (.introspection | default dict).endpoint) }}
{{- $hosts = append $hosts (include "ebb.hostOf" .) }}
{{- end }}
{{- end }}
{{- end }}
{{- uniq $hosts | toJson -}}
{{- end }}

{{/* Where the CDN is told of purges, as "host:port". */}}
{{- define "ebb.cdnHosts" -}}
{{- $hosts := .Values.gateway.cdn.egress }}
{{- if and (not $hosts) .Values.gateway.cdn.purgeUrl }}{{ $hosts = list (include "ebb.hostOf" .Values.gateway.cdn.purgeUrl) }}{{ end }}
{{- toJson $hosts -}}
{{- end }}

{{/* The host of a URL with its port, which is that of its scheme where it says none. */}}
{{- define "ebb.hostOf" -}}
{{- $url := urlParse . }}
{{- regexMatch ":[0-9]+$" $url.host | ternary $url.host (printf "%s:%s" $url.host (eq $url.scheme "https" | ternary "443" "80")) -}}
{{- end }}

{{- define "ebb.gatewayFiles" -}}
{{ include "ebb.serviceFiles" (list . "gateway") }}
{{- include "ebb.redisFiles" . }}
- { setting: EBB_IDENTITY_KEY, of: identity, key: gateway.jwk }
- { setting: EBB_KEY_PEPPER, of: gateway, key: key-pepper }
- { setting: EBB_ADMIN_KEY, of: gateway, key: admin-key }
{{- range .Values.issuers }}
{{- with .introspection }}
- { setting: EBB_INTROSPECTION_SECRET, secret: {{ .existingSecret }}, key: client-secret }
{{- end }}
{{- end }}
- { setting: EBB_KEY_PEPPER_PREVIOUS, of: gateway, key: key-pepper-previous, optional: true }
- { setting: EBB_ADMIN_KEY_PREVIOUS, of: gateway, key: admin-key-previous, optional: true }
{{- $signing := dict }}
{{- range $name, $function := include "ebb.functions" . | fromJson }}
{{- $secret := $function.existingSecret | default $.Values.functionSecrets.existingSecret }}
{{- range $function.signedBy }}{{ if $secret }}{{ $_ := set $signing . $secret }}{{ end }}{{ end }}
{{- end }}
{{- range $setting, $secret := $signing }}
- { setting: {{ $setting }}, secret: {{ $secret | quote }}, key: {{ $setting }}, optional: true }
{{- end }}
{{- with .Values.gateway.cdn.existingSecret }}
- { setting: EBB_CDN_PURGE_TOKEN, secret: {{ . | quote }}, key: token }
{{- end }}
{{- include "ebb.callbackFiles" . }}
{{- with .Values.gateway.tls.existingSecret }}
- { setting: EBB_TLS_CERT, secret: {{ . | quote }}, key: tls.crt }
- { setting: EBB_TLS_KEY, secret: {{ . | quote }}, key: tls.key }
{{- end }}
{{- end }}
