{{/*
The Secrets that this chart makes, each unless an existing one is named. A part mounts the keys that it needs of them.
What was once made up is kept over upgrades; what follows from it (URLs) is made anew.
*/}}

{{/* (list $ "redis"): the name of an existing Secret for this purpose, or nothing. */}}
{{- define "ebb.existingSecret" -}}
{{- $values := (index . 0).Values -}}
{{- get (dict
      "identity" $values.identity.existingSecret
      "gateway" $values.gateway.existingSecret
      "redis" $values.redis.existingSecret
      "postgres-owner" $values.postgres.owner.existingSecret
      "postgres-gateway" $values.postgres.gateway.existingSecret
      "postgres-relay" $values.postgres.relay.existingSecret
      "postgres-functions" $values.postgres.functions.existingSecret
      "postgres-app" $values.postgres.app.existingSecret
      "postgres-superuser" $values.postgres.bundled.existingSecret
    ) (index . 1) -}}
{{- end }}

{{- define "ebb.secretName" -}}
{{- include "ebb.existingSecret" . | default (include "ebb.name" .) -}}
{{- end }}

{{/* (list $ "redis"): the whole Secret, where it is ours to make. */}}
{{- define "ebb.secret" -}}
{{- if not (include "ebb.existingSecret" .) -}}
{{- $root := index . 0 }}{{ $of := index . 1 -}}
apiVersion: v1
kind: Secret
metadata:
  {{- include "ebb.metadata" . | nindent 2 }}
  {{- if and $root.Values.keepOnUninstall (ne $of "identity") (ne $of "redis") }}
  annotations:
    helm.sh/resource-policy: keep
  {{- end }}
type: {{ hasPrefix "postgres-" $of | ternary "kubernetes.io/basic-auth" "Opaque" }}
data:
  {{- range $key, $value := include "ebb.secretData" . | fromJson }}
  {{ $key }}: {{ $value | b64enc }}
  {{- end }}
{{- end }}
{{- end }}

{{/* (list $ "redis"): what is in it, as JSON; the same for all who ask in one rendering. */}}
{{- define "ebb.secretData" -}}
{{- $root := index . 0 }}{{ $of := index . 1 }}
{{- $known := $root.Values.knownSecrets | default dict }}{{ $_ := set $root.Values "knownSecrets" $known }}
{{- if not (hasKey $known $of) }}
{{- $stored := include "ebb.storedData" (list $root (include "ebb.secretName" .)) | fromJson }}
{{- if include "ebb.existingSecret" . }}{{ $_ := set $known $of $stored }}
{{- else }}{{ $_ := set $known $of (include (printf "ebb.secretData.%s" $of) (list $root $stored) | fromJson) }}
{{- end }}
{{- end }}
{{- get $known $of | toJson -}}
{{- end }}

{{/* (list $ name): what the cluster has under this name; nothing where it cannot be asked. */}}
{{- define "ebb.storedData" -}}
{{- $data := dict }}
{{- range $key, $value := (lookup "v1" "Secret" (index . 0).Release.Namespace (index . 1)).data | default dict }}
{{- $_ := set $data $key (b64dec $value) }}
{{- end }}
{{- toJson $data -}}
{{- end }}

{{/* A key for gateway and relay each, by which functions tell them apart. What was installed with one for both keeps that. */}}
{{- define "ebb.secretData.identity" -}}
{{- $stored := index . 1 }}{{ $both := get $stored "private.jwk" }}
{{- if not (or $both (hasKey $stored "gateway.jwk")) }}
{{- $gateway := include "ebb.keyPair" "ebb:gateway" | fromJson }}
{{- $relay := include "ebb.keyPair" "ebb:relay" | fromJson }}
{{- $stored = dict
      "gateway.jwk" (toJson $gateway.private)
      "relay.jwk" (toJson $relay.private)
      "public.jwks" (dict "keys" (list $gateway.public $relay.public) | toJson)
}}
{{- end }}
{{- dict
      "gateway.jwk" (get $stored "gateway.jwk" | default $both)
      "relay.jwk" (get $stored "relay.jwk" | default $both)
      "public.jwks" (get $stored "public.jwks")
    | toJson -}}
{{- end }}

{{/*
An issuer: a new pair of keys for it, as JSON {private, public}. Sprig makes PEM; a JWK (RFC 8037) has the same 32 bytes: a
private key ends with its seed, a certificate has the public key after its type.
*/}}
{{- define "ebb.keyPair" -}}
{{- $pem := genPrivateKey "ed25519" }}
{{- $seed := include "ebb.derOf" $pem | b64dec | substr 16 48 }}
{{- $certificate := include "ebb.derOf" (genSelfSignedCertWithKey "ebb" nil nil 1 $pem).Cert | b64dec }}
{{- $public := index (splitList (b64dec "MCowBQYDK2VwAyEA") $certificate) 1 | substr 0 32 }}
{{- $x := include "ebb.base64url" $public }}
{{- $jwk := dict "kty" "OKP" "crv" "Ed25519" "x" $x "kid" (sha256sum $x | trunc 16) }}
{{- dict
      "private" (merge (dict "d" (include "ebb.base64url" $seed)) $jwk)
      "public" (merge (dict "alg" "EdDSA" "use" "sig" "iss" .) $jwk)
    | toJson -}}
{{- end }}

{{- define "ebb.derOf" -}}
{{- regexReplaceAll "-----[A-Z ]+-----|\\s" . "" -}}
{{- end }}

{{- define "ebb.base64url" -}}
{{- b64enc . | replace "+" "-" | replace "/" "_" | trimAll "=" -}}
{{- end }}

{{- define "ebb.secretData.gateway" -}}
{{- $stored := index . 1 }}
{{- $data := dict
      "key-pepper" (get $stored "key-pepper" | default (randAlphaNum 43))
      "admin-key" (get $stored "admin-key" | default (printf "ebb_admin_%s" (randAlphaNum 32)))
}}
{{- /* Those that somebody has put there to replace the two. */}}
{{- range list "key-pepper-previous" "admin-key-previous" }}
{{- if get $stored . }}{{ $_ := set $data . (get $stored .) }}{{ end }}
{{- end }}
{{- toJson $data -}}
{{- end }}

{{- define "ebb.secretData.postgres-superuser" -}}
{{- dict "username" "postgres" "password" (get (index . 1) "password" | default (randAlphaNum 32)) | toJson -}}
{{- end }}

{{/* The owner of the database migrates it, past any pooler. */}}
{{- define "ebb.secretData.postgres-owner" -}}
{{- include "ebb.login" (list (index . 0) "ebb_owner" (index . 1)) -}}
{{- end }}

{{- define "ebb.secretData.postgres-gateway" }}{{ include "ebb.pooledLogin" (list (index . 0) "gateway" (index . 1)) }}{{ end }}
{{- define "ebb.secretData.postgres-relay" }}{{ include "ebb.pooledLogin" (list (index . 0) "relay" (index . 1)) }}{{ end }}
{{- define "ebb.secretData.postgres-functions" }}{{ include "ebb.pooledLogin" (list (index . 0) "functions" (index . 1)) }}{{ end }}
{{- define "ebb.secretData.postgres-app" }}{{ include "ebb.pooledLogin" (list (index . 0) "app" (index . 1)) }}{{ end }}

{{/* (list $ "gateway" stored) */}}
{{- define "ebb.pooledLogin" -}}
{{- $root := index . 0 }}{{ $postgres := $root.Values.postgres }}
{{- $login := include "ebb.login" (list $root (get $postgres (index . 1)).role (index . 2)) | fromJson }}
{{- if and (has (index . 1) (list "functions" "app")) (eq $postgres.readReplicas "cnpg") }}
{{- $_ := set $login "read-url" (replace "-rw:5432/" "-ro:5432/" $login.url) }}
{{- end }}
{{- if ne $postgres.pooler "none" }}
{{- $pooler := ternary (printf "%s:5432" (include "ebb.name" (list $root "postgres-pooler"))) $postgres.poolerAddress (eq $postgres.pooler "cnpg") }}
{{- $_ := set $login "direct-url" $login.url }}
{{- $_ := set $login "url" (regexReplaceAll "@[^/]*/" $login.url (printf "@%s/" $pooler)) }}
{{- end }}
{{- toJson $login -}}
{{- end }}

{{/* (list $ role stored) */}}
{{- define "ebb.login" -}}
{{- $root := index . 0 }}{{ $role := index . 1 }}
{{- $password := get (index . 2) "password" | default (randAlphaNum 32) }}
{{- $host := printf "%s%s" (include "ebb.name" (list $root "postgres")) (eq $root.Values.postgres.mode "cnpg" | ternary "-rw" "") }}
{{- dict "username" $role "password" $password "url" (printf "postgres://%s:%s@%s:5432/ebb" $role $password $host) | toJson -}}
{{- end }}

{{/* Of the password the server has but the hash. No part needs to administer it. */}}
{{- define "ebb.secretData.redis" -}}
{{- $root := index . 0 }}
{{- $password := get (index . 1) "password" | default (randAlphaNum 32) -}}
{{- dict
      "password" $password
      "url" (printf "redis://:%s@%s:6379" $password (include "ebb.name" (list $root "redis")))
      "users.acl" (printf "user default on #%s ~* &* +@all -@admin\n" (sha256sum $password))
    | toJson -}}
{{- end }}
