{{/*
The settings of the processes (src/kernel/settings.ts). What is secret is a file, named by NAME_FILE; `files` are lists of
{setting, of, key} for our own purposes (see _secrets.tpl) and {setting, secret, key} for an existing Secret; `optional` ones
may come and go while the pod runs. {setting, audience} is a token of the pod's account, which the kubelet renews.
*/}}

{{/* (dict "settings" dict "files" list "pod" ebb.podValues): the env of a container, each name once: extraEnv comes last and wins. */}}
{{- define "ebb.env" -}}
{{- $env := dict }}
{{- range $name, $value := .settings }}{{ $_ := set $env $name (dict "name" $name "value" (include "ebb.text" $value)) }}{{ end }}
{{- range .files }}
{{- $name := printf "%s_FILE" .setting }}{{ $_ := set $env $name (dict "name" $name "value" (printf "/var/run/secrets/ebb/%s" .setting)) }}
{{- end }}
{{- with .pod }}
{{- range .extraEnv }}
{{- $_ := set $env .name (hasKey . "value" | ternary (dict "name" .name "value" (include "ebb.text" .value)) .) }}
{{- end }}
{{- with .envFrom -}}
envFrom:
  {{- toYaml . | nindent 2 }}
{{ end }}
{{- end -}}
env:
  {{- range $env }}
  - {{ toYaml . | nindent 4 | trim }}
  {{- end }}
{{- end }}

{{/* {extraVolumeMounts} */}}
{{- define "ebb.mounts" -}}
- name: secrets
  mountPath: /var/run/secrets/ebb
  readOnly: true
- name: tmp
  mountPath: /tmp
{{- with .extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* (dict "root" $ "files" list "pod" ebb.podValues) */}}
{{- define "ebb.volumes" -}}
{{- $root := .root -}}
- name: secrets
  projected:
    sources:{{ if not .files }} []{{ end }}
      {{- range .files }}
      {{- if .audience }}
      - serviceAccountToken:
          audience: {{ .audience | quote }}
          expirationSeconds: 3600
          path: {{ .setting }}
      {{- else }}
      - secret:
          name: {{ if .of }}{{ include "ebb.secretName" (list $root .of) }}{{ else }}{{ .secret }}{{ end }}
          {{- if .optional }}
          optional: true
          {{- end }}
          items:
            - key: {{ .key }}
              path: {{ .setting }}
      {{- end }}
      {{- end }}
- name: tmp
  emptyDir: { sizeLimit: 64Mi }
{{- with .pod }}
{{- with .extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end }}

{{/* (dict "root" $ "files" list): of what is in the files, so that what changes there makes new pods. */}}
{{- define "ebb.checksum" -}}
{{- $root := .root }}{{ $contents := dict }}
{{- range .files }}
{{- $data := dict }}
{{- if .of }}{{ $data = include "ebb.secretData" (list $root .of) | fromJson }}
{{- else if .secret }}{{ $data = include "ebb.storedData" (list $root .secret) | fromJson }}
{{- end }}
{{- $_ := set $contents .setting (get $data (.key | default "")) }}
{{- end }}
{{- toJson $contents | sha256sum -}}
{{- end }}

{{/* The settings of every process of ours. */}}
{{- define "ebb.commonSettings" -}}
LOG_LEVEL: {{ .Values.logLevel }}
EBB_NAMESPACE: {{ .Release.Namespace }}
{{- with .Values.telemetry }}
{{- if .otlpEndpoint }}
OTEL_EXPORTER_OTLP_ENDPOINT: {{ .otlpEndpoint | quote }}
OTEL_TRACES_SAMPLER: parentbased_traceidratio
OTEL_TRACES_SAMPLER_ARG: {{ .sampleRatio | quote }}
{{- else }}
OTEL_TRACES_EXPORTER: none
OTEL_METRICS_EXPORTER: none
{{- end }}
{{- end }}
{{- end }}

{{/* Where functions are: with KEDA at the port of the interceptor, since a Service of type ExternalName changes none. */}}
{{- define "ebb.upstreamSetting" -}}
{{- if include "ebb.onOpenfaas" . -}}
EBB_UPSTREAM_TEMPLATE: "http://gateway.{{ .Values.openfaas.namespace }}:8080/function/{name}"
{{- else -}}
EBB_UPSTREAM_TEMPLATE: "http://{name}.{namespace}.svc{{ if eq (include "ebb.engine" .) "keda" }}:{{ int64 .Values.keda.interceptor.port }}{{ end }}"
{{- end }}
{{- end }}

{{/* Gateway and relay. */}}
{{- define "ebb.serviceSettings" -}}
{{ include "ebb.commonSettings" . }}
{{ include "ebb.upstreamSetting" . }}
EBB_START_TIMEOUT_MS: {{ int64 .Values.gateway.startTimeoutMs }}
{{- with .Values.relay.keep.callsHours }}
EBB_KEEP_CALLS_HOURS: {{ int64 . }}
{{- end }}
{{- end }}

{{/* (list $ "gateway") */}}
{{- define "ebb.serviceFiles" -}}
{{- $login := include "ebb.loginOf" . -}}
- { setting: DATABASE_URL, of: {{ $login }}, key: url }
{{- if ne (index . 0).Values.postgres.pooler "none" }}
- { setting: DATABASE_DIRECT_URL, of: {{ $login }}, key: direct-url }
{{- end }}
{{- end }}

{{- define "ebb.redisFiles" -}}
{{- if ne .Values.redis.mode "none" }}
- { setting: REDIS_URL, of: redis, key: url }
{{- end }}
{{- end }}
