{{- /*
Names and labels. The templates keep to what test/support/helm/ renders: if, else, else if, with, range, define, include, pipelines, and the functions that
are listed there; no variables of their own.
*/ -}}
{{- define "godwit.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- define "godwit.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" }}
{{- else if contains (include "godwit.name" .) .Release.Name }}
{{- .Release.Name | trunc 52 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "godwit.name" .) | trunc 52 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "godwit.selectorLabels" -}}
app.kubernetes.io/name: {{ include "godwit.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "godwit.labels" -}}
{{ include "godwit.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "godwit.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "godwit.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "godwit.claimName" -}}
{{- default (printf "%s-spool" (include "godwit.fullname" .)) .Values.persistence.existingClaim }}
{{- end }}

{{- define "godwit.configMapName" -}}
{{- default (include "godwit.fullname" .) .Values.config.existingConfigMap }}
{{- end }}

{{- define "godwit.hasConfig" -}}
{{- if or .Values.config.godwit .Values.config.shake .Values.config.existingConfigMap }}yes{{ end }}
{{- end }}
