{{- define "ebb.gatewaySettings" -}}
{{ include "ebb.serviceSettings" . }}
{{- with .Values.gateway }}
PORT: 8080
EBB_ADMIN_PORT: 8081
EBB_POOL_MAX: {{ int64 .poolMax }}
EBB_DRAIN_MS: {{ include "ebb.drainMs" $ }}
# Without Redis each allows this part of a limit: all that there may be allow no more than the limit.
EBB_GATEWAY_REPLICAS: {{ int64 (.autoscaling.enabled | ternary .autoscaling.maxReplicas .replicas) }}
{{- if .trustedHops }}
EBB_TRUSTED_HOPS: {{ int64 .trustedHops }}
{{- end }}
{{- with .corsOrigins }}
EBB_CORS_ORIGINS: {{ join "," . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "ebb.gatewayFiles" -}}
{{ include "ebb.serviceFiles" (list . "gateway") }}
{{- include "ebb.redisFiles" . }}
- { setting: EBB_IDENTITY_KEY, of: identity, key: gateway.jwk }
- { setting: EBB_KEY_PEPPER, of: gateway, key: key-pepper }
- { setting: EBB_ADMIN_KEY, of: gateway, key: admin-key }
{{- end }}
