{{/* What the templates read: the values, those under `pilot` over them, and what the profile switches. */}}
{{- define "values" -}}
{{- if and .Values.profile (ne .Values.profile "remote") }}
{{- fail (cat "unknown profile" .Values.profile) }}
{{- end }}
{{- $v := mustMergeOverwrite (deepCopy .Values) (deepCopy (.Values.pilot | default dict)) }}
{{- $remote := or $v.istiodRemote.enabled (eq $v.profile "remote") }}
{{- $suffix := ternary "" (printf "-%s" $v.revision) (eq $v.revision "") }}
{{- $own := dict "remote" $remote "rev" ($v.revision | default "default") "name" (print "istiod" $suffix) "suffix" $suffix }}
{{- merge $own $v | toYaml }}
{{- end }}

{{/* The labels of istiod's own objects. Takes the root with `v`, the values above. */}}
{{- define "pilot.labels" -}}
app: istiod
istio: pilot
istio.io/rev: {{ .v.rev }}
{{ include "component.labels" . }}
{{- end }}

{{- define "component.labels" -}}
release: {{ .Release.Name }}
operator.istio.io/component: Pilot
install.operator.istio.io/owning-resource: unknown
app.kubernetes.io/name: istiod
{{ include "labels" . }}
{{- end }}

{{/* What tells this revision's istiod from others. */}}
{{- define "pilot.selector" -}}
app: istiod
{{ if .v.revision }}istio.io/rev: {{ .v.revision }}{{ else }}istio: pilot{{ end }}
{{- end }}
