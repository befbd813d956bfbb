{{/*
The way from each function that calls others to those, and no further. On Knative and with KEDA it leads to what starts what is at
zero, where no NetworkPolicy can tell one function from another: there the identity alone does, which is signed for one function.
*/}}
{{- define "ebb.callPolicies" -}}
{{- $callers := dict }}
{{- range $name, $function := include "ebb.functions" . | fromJson }}
{{- range $function.calls }}
{{- $_ := set $callers . (append (get $callers . | default list) $name) }}
{{- end }}
{{- with $function.calls }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "ebb.metadata" (list $ "function" (printf "%s-calls" $name)) | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "ebb.selector" (list $ "function" $name) | nindent 6 }}
  policyTypes: [Egress]
  egress:
    {{- with include "ebb.toStarter" $ }}
    {{- . | nindent 4 }}
    {{- else }}
    - to:
        {{- range . }}
        - podSelector:
            matchLabels:
              {{- include "ebb.selector" (list $ "function" .) | nindent 14 }}
        {{- end }}
      {{- include "ebb.ports" (list 8080) | nindent 6 }}
    {{- end }}
{{- end }}
{{- end }}
{{- if not (include "ebb.toStarter" .) }}
{{- range $callee, $names := $callers }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "ebb.metadata" (list $ "function" (printf "%s-called" $callee)) | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "ebb.selector" (list $ "function" $callee) | nindent 6 }}
  policyTypes: [Ingress]
  ingress:
    - from:
        {{- range $names }}
        - podSelector:
            matchLabels:
              {{- include "ebb.selector" (list $ "function" .) | nindent 14 }}
        {{- end }}
      {{- include "ebb.ports" (list 8080) | nindent 6 }}
{{- end }}
{{- end }}
{{- end }}
