{{/* The release's name with the chart's, within what a label may hold less a StatefulSet's suffix. */}}
{{- define "sentiment.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* All pods of the release. */}}
{{- define "sentiment.release" -}}
app.kubernetes.io/name: {{ .Chart.Name | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{/* The replicas alone: the pod that only checks is none of them. */}}
{{- define "sentiment.selector" -}}
{{ include "sentiment.release" . }}
app.kubernetes.io/component: consumer
{{- end -}}

{{- define "sentiment.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
{{ include "sentiment.release" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
{{- end -}}

{{- define "sentiment.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (ternary (include "sentiment.name" .) "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{- define "sentiment.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "sentiment.saslSecret" -}}
{{- .Values.kafka.sasl.existingSecret | default (printf "%s-sasl" (include "sentiment.name" .)) -}}
{{- end -}}

{{/* Whether a password, or encryption, is used: "true" or nothing. */}}
{{- define "sentiment.sasl" -}}
{{- if hasPrefix "SASL_" .Values.kafka.securityProtocol }}true{{ end -}}
{{- end -}}

{{- define "sentiment.tls" -}}
{{- if hasSuffix "SSL" .Values.kafka.securityProtocol }}true{{ end -}}
{{- end -}}

{{/* Where the alerts' pages are, or nothing. */}}
{{- define "sentiment.runbooks" -}}
{{- if .Values.monitoring.rules.runbooks -}}
{{- trimSuffix "/" .Values.monitoring.rules.runbooks -}}
{{- else if .Values.monitoring.prometheus.externalUrl -}}
{{- trimSuffix "/" .Values.monitoring.prometheus.externalUrl }}/user/runbooks
{{- end -}}
{{- end -}}

{{/* What cannot work is refused before anything is applied, with what would be right. */}}
{{- define "sentiment.check" -}}
{{- $kafka := .Values.kafka -}}
{{- if not $kafka.bootstrapServers -}}
{{- fail "kafka.bootstrapServers must be given: host:port, several separated by commas" -}}
{{- end -}}
{{- range splitList "," $kafka.bootstrapServers -}}
{{- if not (regexMatch "^[^:, ]+:[0-9]+$" (trim .)) -}}
{{- fail (printf "kafka.bootstrapServers: %q should be host:port" .) -}}
{{- end -}}
{{- end -}}
{{- if gt (int .Values.replicas) (int $kafka.partitions) -}}
{{- fail (printf "replicas is %d, above kafka.partitions, %d: the rest would have nothing to read" (int .Values.replicas) (int $kafka.partitions)) -}}
{{- end -}}
{{- $most := min (int .Values.autoscaling.maxReplicas) (int $kafka.partitions) -}}
{{- if and .Values.autoscaling.enabled (gt (int .Values.autoscaling.minReplicas) $most) -}}
{{- fail (printf "autoscaling.minReplicas is %d, above %d: the lesser of autoscaling.maxReplicas and kafka.partitions" (int .Values.autoscaling.minReplicas) $most) -}}
{{- end -}}
{{- if and .Values.monitoring.dashboard.enabled (not (include "sentiment.runbooks" .)) -}}
{{- fail "monitoring.prometheus.externalUrl, or monitoring.rules.runbooks, must be given with monitoring.dashboard.enabled: the panels link to the alerts' pages there" -}}
{{- end -}}
{{- if and (include "sentiment.sasl" .) (not $kafka.sasl.mechanism) -}}
{{- fail (printf "kafka.sasl.mechanism must be given with %s" $kafka.securityProtocol) -}}
{{- end -}}
{{- if and (include "sentiment.sasl" .) (not $kafka.sasl.existingSecret) (not (and $kafka.sasl.username $kafka.sasl.password)) -}}
{{- fail "kafka.sasl.existingSecret, or username and password, must be given with a SASL protocol" -}}
{{- end -}}
{{- if and $kafka.sasl.mechanism (not (include "sentiment.sasl" .)) -}}
{{- fail (printf "kafka.sasl.mechanism is given, and with %s no password is used: kafka.securityProtocol should be SASL_SSL or SASL_PLAINTEXT" $kafka.securityProtocol) -}}
{{- end -}}
{{- if and $kafka.tls.existingSecret (not (include "sentiment.tls" .)) -}}
{{- fail (printf "kafka.tls.existingSecret is given, and with %s nothing is encrypted: kafka.securityProtocol should be SSL or SASL_SSL" $kafka.securityProtocol) -}}
{{- end -}}
{{- if and $kafka.tls.clientCertificate (not $kafka.tls.existingSecret) -}}
{{- fail "kafka.tls.existingSecret must be given with kafka.tls.clientCertificate" -}}
{{- end -}}
{{- if and .Values.model.existingClaim (not .Values.model.name) -}}
{{- fail "model.name must be given with model.existingClaim: the folder is mounted under it" -}}
{{- end -}}
{{- if and .Values.model.name (hasKey .Values.settings "MODEL_PATH") -}}
{{- fail "model.name and settings.MODEL_PATH name the model twice: give one of them" -}}
{{- end -}}
{{- end -}}
