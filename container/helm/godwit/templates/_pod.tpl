{{- /* The pod of the stateful set, and that of the job that finishes: the same but for --finish and the probes. */ -}}
{{- define "godwit.side" -}}
{{- if .side.url }}
- name: GODWIT_{{ .name }}_URL
  value: {{ .side.url | quote }}
{{- end }}
{{- if .side.password.existingSecret }}
- name: GODWIT_{{ .name }}_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ .side.password.existingSecret }}
      key: {{ .side.password.key }}
{{- end }}
{{- if .side.tls.existingSecret }}
- name: GODWIT_{{ .name }}_TLS_CA
  value: /etc/godwit-tls/{{ lower .name }}/ca.crt
{{- if .side.tls.clientCertificate }}
- name: GODWIT_{{ .name }}_TLS_CERT
  value: /etc/godwit-tls/{{ lower .name }}/tls.crt
- name: GODWIT_{{ .name }}_TLS_KEY
  value: /etc/godwit-tls/{{ lower .name }}/tls.key
{{- end }}
{{- end }}
{{- end }}

{{- define "godwit.podSpec" -}}
serviceAccountName: {{ include "godwit.serviceAccountName" . }}
automountServiceAccountToken: false
terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
securityContext:
  {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
containers:
  - name: godwit
    image: {{ printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) | quote }}
    imagePullPolicy: {{ .Values.image.pullPolicy }}
    securityContext:
      {{- toYaml .Values.securityContext | nindent 6 }}
    {{- if or .Values.args .Values.finish }}
    args:
      {{- range .Values.args }}
      - {{ . | quote }}
      {{- end }}
      {{- if .Values.finish }}
      - --finish
      {{- end }}
    {{- end }}
    env:
      - name: GODWIT_STATUS_PORT
        value: {{ .Values.status.port | quote }}
      {{- include "godwit.side" (dict "name" "SOURCE" "side" .Values.source) | nindent 6 }}
      {{- include "godwit.side" (dict "name" "TARGET" "side" .Values.target) | nindent 6 }}
      {{- with .Values.env }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    {{- with .Values.envFrom }}
    envFrom:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- if not .Values.finish }}
    ports:
      - name: status
        containerPort: {{ .Values.status.port }}
    startupProbe:
      httpGet: {path: /healthz, port: status}
      {{- toYaml .Values.startupProbe | nindent 6 }}
    livenessProbe:
      httpGet: {path: /healthz, port: status}
      {{- toYaml .Values.livenessProbe | nindent 6 }}
    readinessProbe:
      httpGet: {path: /readyz, port: status}
      {{- toYaml .Values.readinessProbe | nindent 6 }}
    {{- end }}
    resources:
      {{- toYaml .Values.resources | nindent 6 }}
    volumeMounts:
      - {name: spool, mountPath: /var/lib/godwit}
      - {name: tmp, mountPath: /tmp}
      {{- if include "godwit.hasConfig" . }}
      - {name: config, mountPath: /etc/godwit, readOnly: true}
      {{- end }}
      {{- if .Values.source.tls.existingSecret }}
      - {name: source-tls, mountPath: /etc/godwit-tls/source, readOnly: true}
      {{- end }}
      {{- if .Values.target.tls.existingSecret }}
      - {name: target-tls, mountPath: /etc/godwit-tls/target, readOnly: true}
      {{- end }}
      {{- with .Values.extraVolumeMounts }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
volumes:
  - name: tmp
    emptyDir: {}
  - name: spool
    {{- if .Values.persistence.enabled }}
    persistentVolumeClaim:
      claimName: {{ include "godwit.claimName" . }}
    {{- else }}
    emptyDir: {}
    {{- end }}
  {{- if include "godwit.hasConfig" . }}
  - name: config
    configMap:
      name: {{ include "godwit.configMapName" . }}
  {{- end }}
  {{- with .Values.source.tls.existingSecret }}
  - name: source-tls
    secret:
      secretName: {{ . }}
  {{- end }}
  {{- with .Values.target.tls.existingSecret }}
  - name: target-tls
    secret:
      secretName: {{ . }}
  {{- end }}
  {{- with .Values.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
