{{/* How requests from outside come to a part: of (list $ values "gateway"), where its values say so. */}}

{{- define "ebb.httpRoute" -}}
{{- $part := list (index . 0) (index . 2) }}{{ $port := index . 3 }}
{{- with (index . 1).httpRoute }}
{{- if .enabled -}}
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  {{- include "ebb.metadata" $part | nindent 2 }}
  annotations:
    {{- include "ebb.afterMigration" . | nindent 4 }}
    {{- with .annotations }}
    {{- include "ebb.texts" . | nindent 4 }}
    {{- end }}
spec:
  parentRefs:
    {{- toYaml .parentRefs | nindent 4 }}
  {{- with .hostnames }}
  hostnames:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  rules:
    - backendRefs:
        - name: {{ include "ebb.name" $part }}
          port: {{ int64 $port }}
{{- end }}
{{- end }}
{{- end }}

{{- define "ebb.ingress" -}}
{{- $part := list (index . 0) (index . 2) }}
{{- with (index . 1).ingress }}
{{- if .enabled -}}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  {{- include "ebb.metadata" $part | nindent 2 }}
  annotations:
    {{- include "ebb.afterMigration" . | nindent 4 }}
    {{- with .annotations }}
    {{- include "ebb.texts" . | nindent 4 }}
    {{- end }}
spec:
  {{- with .className }}
  ingressClassName: {{ . }}
  {{- end }}
  {{- with .tls }}
  tls:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  rules:
    {{- range .hosts }}
    - host: {{ . }}
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: {{ include "ebb.name" $part }}
                port:
                  name: http
    {{- end }}
{{- end }}
{{- end }}
{{- end }}
