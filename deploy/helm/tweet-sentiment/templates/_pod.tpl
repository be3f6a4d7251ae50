{{/* What every container here has in common: the image, the settings, nothing that can be written to but
/state and /tmp, no rights. */}}
{{- define "sentiment.container" -}}
image: {{ include "sentiment.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy | quote }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
envFrom:
  - configMapRef:
      name: {{ include "sentiment.name" . | quote }}
env:
  {{- if include "sentiment.sasl" . }}
  - name: KAFKA_SASL_USERNAME
    valueFrom:
      secretKeyRef:
        name: {{ include "sentiment.saslSecret" . | quote }}
        key: username
  {{- end }}
  # Static membership: a pod that comes back under its name within the session timeout keeps its partitions.
  - name: KAFKA_GROUP_INSTANCE_ID
    valueFrom:
      fieldRef:
        fieldPath: metadata.name
  {{- if not (hasKey .Values.settings "SCORER_STREAMS") }}
  # Without a limit a pod sees all cores of its node; it scores on those it was promised.
  - name: SCORER_STREAMS
    valueFrom:
      resourceFieldRef:
        resource: requests.cpu
        divisor: "1"
  {{- end }}
  {{- with .Values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
volumeMounts:
  - name: state
    mountPath: /state
  - name: tmp
    mountPath: /tmp
  {{- if include "sentiment.sasl" . }}
  - name: sasl
    mountPath: /secrets/sasl
    readOnly: true
  {{- end }}
  {{- if and (include "sentiment.tls" .) .Values.kafka.tls.existingSecret }}
  - name: tls
    mountPath: /secrets/tls
    readOnly: true
  {{- end }}
  {{- if .Values.model.existingClaim }}
  - name: model
    mountPath: {{ printf "/app/Models/%s" .Values.model.name | quote }}
    readOnly: true
  {{- end }}
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}

{{- define "sentiment.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{/* All volumes but the state's. */}}
{{- define "sentiment.volumes" -}}
- name: tmp
  emptyDir:
    sizeLimit: 256Mi
{{- if include "sentiment.sasl" . }}
- name: sasl
  secret:
    secretName: {{ include "sentiment.saslSecret" . | quote }}
    defaultMode: 0440
{{- end }}
{{- if and (include "sentiment.tls" .) .Values.kafka.tls.existingSecret }}
- name: tls
  secret:
    secretName: {{ .Values.kafka.tls.existingSecret | quote }}
    defaultMode: 0440
{{- end }}
{{- with .Values.model.existingClaim }}
- name: model
  persistentVolumeClaim:
    claimName: {{ . | quote }}
    readOnly: true
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}
