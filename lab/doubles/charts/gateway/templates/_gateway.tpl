{{- define "name" -}}
{{ .Values.name | default .Release.Name }}
{{- end }}

{{- define "selector" -}}
app: {{ .Values.labels.app | default (include "name" .) | quote }}
istio: {{ .Values.labels.istio | default (include "name" . | trimPrefix "istio-") | quote }}
{{- end }}

{{- define "gateway.labels" -}}
app.kubernetes.io/name: {{ include "name" . }}
{{ include "labels" . }}
{{ include "selector" . }}
{{- range $key, $value := omit .Values.labels "app" "istio" }}
{{ $key }}: {{ $value | quote }}
{{- end }}
{{- end }}

{{- define "account" -}}
{{ .Values.serviceAccount.name | default (ternary (include "name" .) "default" .Values.serviceAccount.create) }}
{{- end }}
