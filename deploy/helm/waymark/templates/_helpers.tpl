{{- define "waymark.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{ end -}}
{{- end }}

{{/* Labels of the objects of one component: (dict "root" $ "component" "api"). Pods have only those of the selector, so that a new
chart with the same image restarts nothing. */}}
{{- define "waymark.labels" -}}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{ include "waymark.selector" . }}
{{- end }}

{{- define "waymark.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "waymark.image" -}}
{{- $image := .Values.image -}}
{{- $repository := required "image.repository: where the image is that you built (docs/kubernetes.md)" $image.repository -}}
{{- if $image.digest }}{{ $repository }}@{{ $image.digest }}{{ else }}{{ $repository }}:{{ $image.tag | default .Chart.AppVersion }}{{ end -}}
{{- end }}

{{/* What every pod has: no account at the API of Kubernetes, no root. */}}
{{- define "waymark.pod" -}}
automountServiceAccountToken: false
# (A Service called waymark-api would set WAYMARK_API_PORT in every pod.)
enableServiceLinks: false
terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "waymark.placement" -}}
{{- with .nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* Image, rights and settings of a container: (dict "root" $ "env" list "status" 8002). */}}
{{- define "waymark.container" -}}
image: {{ include "waymark.image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
envFrom:
  - secretRef:
      {{- $secret := required "existingSecret: a Secret with WAYMARK_REDIS_URL and others (docs/kubernetes.md)" .root.Values.existingSecret }}
      name: {{ ternary (.root.Values.edgeSecret | default $secret) $secret (hasKey . "journal") | quote }}
env:
  {{- range $name, $value := .root.Values.settings }}
  {{- if ne (toString $value) "" }}
  - {name: {{ $name }}, value: {{ toString $value | quote }}}
  {{- end }}
  {{- end }}
  {{- if .root.Values.uploads.existingClaim }}
  - {name: WAYMARK_FILES, value: /files}
  {{- end }}
  {{- if .status }}
  - {name: WAYMARK_STATUS_PORT, value: {{ .status | quote }}}
  {{- end }}
  {{- if .journal }}
  - {name: WAYMARK_JOURNAL, value: /journal}
  {{- end }}
  {{- with .env }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "waymark.mounts" -}}
- {name: data, mountPath: /data}
- {name: tmp, mountPath: /tmp}
{{- if .Values.filesSecret }}
- {name: etc, mountPath: /etc/waymark, readOnly: true}
{{- end }}
{{- end }}

{{/* Sockets and what is under way; nothing that must outlive the pod. */}}
{{- define "waymark.volumes" -}}
- {name: data, emptyDir: {}}
- {name: tmp, emptyDir: {}}
{{- with .Values.filesSecret }}
- name: etc
  secret: {secretName: {{ . | quote }}}
{{- end }}
{{- end }}

{{/* It lives: /healthz. It can work: /readyz, which a supervisor must not restart it for. (dict "port" "status" "ready" true) */}}
{{- define "waymark.probes" -}}
startupProbe:
  httpGet: {path: /healthz, port: {{ .port }}}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /healthz, port: {{ .port }}}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
{{- if .ready }}
readinessProbe:
  httpGet: {path: /readyz, port: {{ .port }}}
  periodSeconds: 3
  timeoutSeconds: 3
  failureThreshold: 2
{{- end }}
{{- end }}
