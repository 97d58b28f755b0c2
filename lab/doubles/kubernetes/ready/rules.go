package ready

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// tokenTimeout is how long the token controller may take to fill a Secret.
const tokenTimeout = 5 * time.Second

var rules = map[schema.GroupKind]rule{
	{Group: "apps", Kind: "Deployment"}: deploymentRolledOut,
	{Group: "batch", Kind: "Job"}:       jobComplete,
	{Kind: "Pod"}:                       podReady,
}

func isTokenSecret(obj *unstructured.Unstructured) bool {
	kind, _, _ := unstructured.NestedString(obj.Object, "type")
	return obj.GroupVersionKind().GroupKind() == schema.GroupKind{Kind: "Secret"} &&
		kind == "kubernetes.io/service-account-token"
}

func tokenIssued(secret *unstructured.Unstructured) (bool, []string) {
	data, _, _ := unstructured.NestedMap(secret.Object, "data")
	return len(data) > 0, nil
}

func deploymentRolledOut(obj *unstructured.Unstructured) (bool, []string) {
	if observed := integer(obj, "status", "observedGeneration"); observed < obj.GetGeneration() {
		return false, []string{"Waiting for the Deployment controller to see the Deployment"}
	}
	var reasons []string
	if progressing := condition(obj, "Progressing"); progressing["reason"] != "NewReplicaSetAvailable" {
		reasons = append(reasons, explain("Waiting for the new ReplicaSet to be available", progressing))
	}
	if available := condition(obj, "Available"); available["status"] != "True" {
		reasons = append(reasons, explain("Minimum number of Pods to consider the application live was not attained",
			available))
	}
	return len(reasons) == 0, reasons
}

func jobComplete(obj *unstructured.Unstructured) (bool, []string) {
	if condition(obj, "Complete")["status"] == "True" {
		return true, nil
	}
	if failed := condition(obj, "Failed"); failed["status"] == "True" {
		return false, []string{explain("Job failed", failed)}
	}
	return false, []string{fmt.Sprintf("Waiting for Job %q to succeed (Active: %d | Succeeded: %d | Failed: %d)",
		obj.GetName(), integer(obj, "status", "active"), integer(obj, "status", "succeeded"),
		integer(obj, "status", "failed"))}
}

func podReady(obj *unstructured.Unstructured) (bool, []string) {
	phase, _, _ := unstructured.NestedString(obj.Object, "status", "phase")
	ready := condition(obj, "Ready")
	if phase == "Succeeded" || ready["status"] == "True" {
		return true, nil
	}
	return false, []string{explain(fmt.Sprintf("Waiting for Pod %q to be ready", obj.GetName()), ready)}
}

func integer(obj *unstructured.Unstructured, path ...string) int64 {
	value, _, _ := unstructured.NestedInt64(obj.Object, path...)
	return value
}

// condition is the one of status.conditions of that type; without it, an empty one.
func condition(obj *unstructured.Unstructured, kind string) map[string]any {
	conditions, _, _ := unstructured.NestedSlice(obj.Object, "status", "conditions")
	for _, c := range conditions {
		if c, ok := c.(map[string]any); ok && c["type"] == kind {
			return c
		}
	}
	return nil
}

func explain(what string, condition map[string]any) string {
	if message, ok := condition["message"].(string); ok && message != "" {
		return what + ": " + message
	}
	return what
}
