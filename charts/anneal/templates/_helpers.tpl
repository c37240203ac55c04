{{/* Prefix of the names of namespaced objects. */}}
{{- define "anneal.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The operator's image. */}}
{{- define "anneal.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | toString) -}}
{{- end -}}
{{- end -}}

{{/* Selector labels of a component: (list $ "gateway"). They never change. */}}
{{- define "anneal.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: anneal
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* All labels of a component's objects: (list $ "gateway"). */}}
{{- define "anneal.labels" -}}
{{- $root := index . 0 -}}
{{ include "anneal.selector" . }}
app.kubernetes.io/part-of: anneal
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version }}
{{- end -}}

{{/* Scheduling of a component's pods, from its values. */}}
{{- define "anneal.scheduling" -}}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
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
{{- with .topologySpreadConstraints }}
topologySpreadConstraints:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Port 9900 answers from the process itself, so a probe never depends on another component. */}}
{{- define "anneal.probes" -}}
livenessProbe:
  httpGet: {path: /livez, port: telemetry}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: telemetry}
  periodSeconds: 2
  timeoutSeconds: 2
{{- end -}}

{{/* A projected token: (list "name of the volume" "audience"). */}}
{{- define "anneal.token" -}}
- name: {{ index . 0 }}
  projected:
    sources:
      - serviceAccountToken: {audience: {{ index . 1 }}, expirationSeconds: 3600, path: token}
{{- end -}}

{{/* NetworkPolicy peers of {cidrs}. */}}
{{- define "anneal.peers" -}}
{{- range .cidrs }}
- ipBlock: {cidr: {{ . | quote }}}
{{- end }}
{{- end -}}

{{/* Where functions' pods find the store, as JSON: as told, or as its address tells: an IP, or the namespace of its Service. */}}
{{- define "anneal.storePeers" -}}
{{- $peers := .Values.networkPolicy.functions.storePeers -}}
{{- range .Values.networkPolicy.functions.storeCidrs -}}
{{- $peers = append $peers (dict "ipBlock" (dict "cidr" .)) -}}
{{- end -}}
{{- if not $peers -}}
{{- $host := (urlParse (default .Values.store.endpoint .Values.store.tenantEndpoint)).hostname -}}
{{- if regexMatch "^[0-9]+([.][0-9]+){3}$" $host -}}
{{- $peers = list (dict "ipBlock" (dict "cidr" (printf "%s/32" $host))) -}}
{{- else if regexMatch "^[a-z0-9-]+[.][a-z0-9-]+[.]svc([.]|$)" $host -}}
{{- $namespace := index (splitList "." $host) 1 -}}
{{- $peers = list (dict "namespaceSelector" (dict "matchLabels" (dict "kubernetes.io/metadata.name" $namespace))) -}}
{{- end -}}
{{- end -}}
{{- $peers | toJson -}}
{{- end -}}

{{/* NetworkPolicy ports of a list of numbers. */}}
{{- define "anneal.ports" -}}
{{- range . }}
- {protocol: TCP, port: {{ . }}}
{{- end }}
{{- end -}}

{{/* Egress to the cluster's DNS, wherever it runs. */}}
{{- define "anneal.dns" -}}
- ports:
    - {protocol: UDP, port: 53}
    - {protocol: TCP, port: 53}
{{- end -}}

{{/* Ingress to port 9900, from `networkPolicy.metricsFrom`. */}}
{{- define "anneal.telemetry" -}}
- ports: [{protocol: TCP, port: 9900}]
  {{- with .metricsFrom }}
  from:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* Binds the ClusterRole of a component to its account: in the watched namespaces, or everywhere. (list $ "gateway") */}}
{{- define "anneal.binding" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- range $namespace := (default (list "") $root.Values.watchNamespaces) }}
---
apiVersion: rbac.authorization.k8s.io/v1
{{- if $namespace }}
kind: RoleBinding
{{- else }}
kind: ClusterRoleBinding
{{- end }}
metadata:
  name: anneal-{{ $component }}
  {{- with $namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "anneal.labels" (list $root $component) | nindent 4 }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: anneal-{{ $component }}}
subjects:
  - {kind: ServiceAccount, name: {{ include "anneal.fullname" $root }}-{{ $component }}, namespace: {{ $root.Release.Namespace }}}
{{- end }}
{{- end -}}
