{{/* KEDA's HTTP add-on, for the engine keda. */}}

{{/* The name of a function's own Service, since at the function's name is the interceptor. */}}
{{- define "ebb.podsService" -}}
{{ . }}-pods
{{- end }}

{{- define "ebb.interceptorHost" -}}
{{- printf "%s.%s.svc.%s" .Values.keda.interceptor.service .Values.keda.namespace .Values.keda.clusterDomain -}}
{{- end }}

{{/* The kind by which the interceptor learns of a function: InterceptorRoute since 0.14, HTTPScaledObject before. */}}
{{- define "ebb.kedaRoute" -}}
{{- $apis := .Capabilities.APIVersions }}
{{- if ne .Values.keda.route "auto" }}{{ .Values.keda.route -}}
{{- else if and ($apis.Has "http.keda.sh/v1alpha1") (not ($apis.Has "http.keda.sh/v1beta1")) }}HTTPScaledObject
{{- else }}InterceptorRoute
{{- end -}}
{{- end }}

{{/* (list $ name): at which a request for the function comes in. */}}
{{- define "ebb.kedaHost" -}}
{{ index . 1 }}.{{ (index . 0).Release.Namespace }}.svc
{{- end }}

{{/* function: how many requests one pod is to have at a time: the target of its contract, else 70 % of what it takes, as on Knative. */}}
{{- define "ebb.kedaTarget" -}}
{{- .scale.target | default (mulf .scale.concurrency 0.7 | ceil) | int64 -}}
{{- end }}

{{/* (list "08:30" (list "mon") 1): that time on those days (all where there are none), or so many later, as a cron expression. 24:00 is a minute sooner, which idleSeconds bridges. */}}
{{- define "ebb.cron" -}}
{{- $time := eq (index . 0) "24:00" | ternary "23:59" (index . 0) | splitList ":" }}{{ $later := index . 2 }}
{{- $days := list }}
{{- range index . 1 }}{{ $days = append $days (mod (add (dict "sun" 0 "mon" 1 "tue" 2 "wed" 3 "thu" 4 "fri" 5 "sat" 6 | dig . 0) $later) 7) }}{{ end }}
{{- printf "%s %s * * %s" (last $time) (first $time) (join "," $days | default "*") | quote -}}
{{- end }}

{{/* Seconds as the add-on writes them back (Go's own form): in another form each upgrade would conflict with it. */}}
{{- define "ebb.goDuration" -}}
{{- $hours := div . 3600 }}{{ $minutes := div (mod . 3600) 60 }}
{{- if $hours }}{{ $hours }}h{{ end }}{{ if or $hours $minutes }}{{ $minutes }}m{{ end }}{{ mod . 60 }}s
{{- end }}
