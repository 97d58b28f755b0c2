package diff

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Mutable says which kinds may change their data in place, as the provider is configured.
type Mutable struct {
	Secrets    bool
	ConfigMaps bool
}

// Replacing are the paths of an object that cannot change in place: its identity, and what the API server (or, for
// Secrets and ConfigMaps, the provider's configuration) does not let change.
func Replacing(obj *unstructured.Unstructured, mutable Mutable) []string {
	identity := []string{".metadata.name", ".metadata.namespace"}
	frozen, _, _ := unstructured.NestedBool(obj.Object, "immutable")
	switch kind := obj.GroupVersionKind().GroupKind(); kind {
	case schema.GroupKind{Kind: "Secret"}:
		if !mutable.Secrets || frozen {
			return append(identity, ".type", ".stringData", ".data")
		}
		return append(identity, ".type")
	case schema.GroupKind{Kind: "ConfigMap"}:
		if !mutable.ConfigMaps || frozen {
			return append(identity, ".binaryData", ".data")
		}
		return identity
	default:
		return append(identity, immutable[kind]...)
	}
}

var immutable = map[schema.GroupKind][]string{
	{Group: "apps", Kind: "DaemonSet"}:  {".spec.selector"},
	{Group: "apps", Kind: "Deployment"}: {".spec.selector"},
	{Group: "apps", Kind: "StatefulSet"}: {
		".spec.podManagementPolicy", ".spec.revisionHistoryLimit", ".spec.selector", ".spec.serviceName",
		".spec.volumeClaimTemplates",
	},
	{Group: "batch", Kind: "Job"}: {
		".spec.completions", ".spec.parallelism", ".spec.selector", ".spec.template",
	},
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRoleBinding"}: {".roleRef"},
	{Group: "rbac.authorization.k8s.io", Kind: "RoleBinding"}:        {".roleRef"},
	{Group: "storage.k8s.io", Kind: "StorageClass"}:                  {".parameters", ".provisioner"},
	{Kind: "PersistentVolume"}:                                       {".spec.csi", ".spec.hostPath", ".spec.local", ".spec.nfs"},
	{Kind: "PersistentVolumeClaim"}: {
		".spec.accessModes", ".spec.selector", ".spec.storageClassName", ".spec.volumeName",
	},
	{Kind: "Pod"}:           podFields(),
	{Kind: "ResourceQuota"}: {".spec.scopes"},
	{Kind: "Service"}:       {".spec.clusterIP"},
}

func podFields() []string {
	var fields []string
	for _, field := range []string{
		"affinity", "automountServiceAccountToken", "dnsConfig", "dnsPolicy", "enableServiceLinks", "hostAliases",
		"hostIPC", "hostNetwork", "hostPID", "hostname", "imagePullSecrets", "nodeName", "nodeSelector", "overhead",
		"preemptionPolicy", "priority", "priorityClassName", "readinessGates", "restartPolicy", "runtimeClassName",
		"schedulerName", "securityContext", "serviceAccount", "serviceAccountName", "shareProcessNamespace",
		"subdomain", "terminationGracePeriodSeconds", "volumes",
	} {
		fields = append(fields, ".spec."+field)
	}
	for _, containers := range []string{".spec.containers[*].", ".spec.initContainers[*]."} {
		for _, field := range []string{
			"args", "command", "env", "image", "imagePullPolicy", "lifecycle", "livenessProbe", "ports",
			"readinessProbe", "resources", "securityContext", "stdin", "stdinOnce", "terminationMessagePath",
			"terminationMessagePolicy", "tty", "volumeDevices", "volumeMounts", "workingDir",
		} {
			fields = append(fields, containers+field)
		}
	}
	return fields
}
