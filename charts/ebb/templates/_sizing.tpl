{{/*
How many connections to Postgres everything may hold at once, and how that comes: as JSON {total, says}. Whatever can roll
counts twice, since the old and the new of it are there at the same time. Gateway and relay listen on one more each.
*/}}
{{- define "ebb.connections" -}}
{{- $functions := 0 }}{{ $instances := 0 }}
{{- $users := 0 }}
{{- range $name, $function := include "ebb.functions" . | fromJson }}
{{- if has "postgres" $function.uses }}
{{- $users = add $users 1 }}
{{- $instances = add $instances (int64 $function.scale.max) }}
{{- $functions = add $functions (mul (int64 $function.scale.max) (add (int64 $function.poolMax) (has "objects" $function.uses | ternary 1 0))) }}
{{- end }}
{{- end }}
{{- $gateways := int64 (.Values.gateway.autoscaling.enabled | ternary .Values.gateway.autoscaling.maxReplicas .Values.gateway.replicas) }}
{{- $relays := int64 .Values.relay.replicas }}
{{- $postgres := .Values.postgres }}
{{- $reserved := add 1 (int64 $postgres.reservedConnections) }}
{{- if eq $postgres.pooler "none" }}
{{- $gateway := mul $gateways (add 1 (int64 .Values.gateway.poolMax)) }}
{{- $reading := include "ebb.readsChanges" . | empty | ternary 0 1 }}
{{- $relay := mul $relays (add 1 $reading (int64 .Values.relay.poolMax)) }}
{{- $says := printf "%d functions of together %d instances may hold %d connections, %d gateways %d and %d relays %d; twice that while revisions roll, and %d for the migration and in reserve, are %%d" $users $instances $functions $gateways $gateway $relays $relay $reserved }}
{{- $total := add (mul 2 (add $functions $gateway $relay)) $reserved }}
{{- dict "total" $total "says" (printf $says $total) | toJson -}}
{{- else }}
{{- $poolers := eq $postgres.pooler "cnpg" | ternary (int64 $postgres.cnpg.poolerInstances) 1 }}
{{- $pooled := mul $poolers (int64 $postgres.poolerSize) }}
{{- $reading := include "ebb.readsChanges" . | empty | ternary 0 $relays }}
{{- $total := add (mul 2 (add $gateways $relays $reading)) $pooled $reserved }}
{{- $says := printf "The pooler may hold %d connections, and %d gateways and %d relays listen on one each; those twice while revisions roll, and %d for the migration and in reserve, are %d" $pooled $gateways $relays $reserved $total }}
{{- dict "total" $total "says" $says | toJson -}}
{{- end }}
{{- end }}
