package ready

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type object = map[string]any

func obj(o object) *unstructured.Unstructured { return &unstructured.Unstructured{Object: o} }

func conditionsOf(conditions ...any) object { return object{"conditions": conditions} }

func TestRules(t *testing.T) {
	available := object{"type": "Available", "status": "True"}
	rolledOut := object{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
	deployment := func(generation int64, conditions ...any) object {
		status := conditionsOf(conditions...)
		status["observedGeneration"] = int64(2)
		return object{"metadata": object{"generation": generation}, "status": status}
	}
	for _, test := range []struct {
		name string
		rule rule
		obj  object
		want bool
	}{
		{"a Deployment that is rolled out", deploymentRolledOut, deployment(2, available, rolledOut), true},
		{"a Deployment whose change nobody has seen", deploymentRolledOut, deployment(3, available, rolledOut), false},
		{"a Deployment whose old Pods still serve", deploymentRolledOut, deployment(2, available), false},
		{"a Deployment without Pods", deploymentRolledOut, deployment(2, rolledOut), false},
		{"a Job that is done", jobComplete, object{"status": conditionsOf(object{"type": "Complete", "status": "True"})}, true},
		{"a Job that failed", jobComplete, object{"status": conditionsOf(object{"type": "Failed", "status": "True"})}, false},
		{"a Pod that is ready", podReady, object{"status": conditionsOf(object{"type": "Ready", "status": "True"})}, true},
		{"a Pod that has done its work", podReady, object{"status": object{"phase": "Succeeded"}}, true},
		{"a Pod that runs, but is not ready", podReady, object{"status": object{"phase": "Running"}}, false},
		{"a token Secret that is filled", tokenIssued, object{"data": object{"token": "x"}}, true},
		{"a token Secret that is not", tokenIssued, object{}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, reasons := test.rule(obj(test.obj))
			if got != test.want {
				t.Errorf("got %v, %v", got, reasons)
			}
		})
	}
}

func TestService(t *testing.T) {
	selector := object{"app": "a"}
	address := object{"loadBalancer": object{"ingress": []any{object{"ip": "10.0.0.1"}}}}
	for _, test := range []struct {
		name    string
		spec    object
		status  object
		service service
		want    bool
	}{
		{"without a selector waits for no Pods", object{"type": "ClusterIP"}, nil, service{}, true},
		{"to other hosts waits for no Pods", object{"type": "ExternalName", "selector": selector}, nil, service{}, true},
		{"without an own address waits for no Pods", object{"clusterIP": "None", "selector": selector}, nil, service{}, true},
		{"waits for its endpoints to settle", object{"selector": selector}, nil, service{}, false},
		{"is ready then", object{"selector": selector}, nil, service{settled: true}, true},
		{"waits for Pods that are coming", object{"selector": selector}, nil, service{settled: true, pending: true}, false},
		{"of type LoadBalancer waits for its address", object{"type": "LoadBalancer"}, nil, service{}, false},
		{"of type LoadBalancer is ready then", object{"type": "LoadBalancer"}, address, service{}, true},
	} {
		t.Run("a Service "+test.name, func(t *testing.T) {
			s := test.service
			s.obj = obj(object{"spec": test.spec, "status": test.status})
			if s.ready() != test.want {
				t.Errorf("ready: %v, reasons %v", s.ready(), s.reasons())
			}
		})
	}
}

func TestConditions(t *testing.T) {
	ready := obj(object{"status": object{"phase": "Bound", "conditions": []any{
		object{"type": "Ready", "status": "True"}, object{"type": "Stalled", "status": "False"},
	}}})
	for annotation, want := range map[string]bool{
		"condition=Ready":                         true,
		"condition=Stalled":                       false,
		"condition=Stalled=False":                 true,
		"condition=Other":                         false,
		"jsonpath={.status.phase}":                true,
		"jsonpath={.status.phase}=Bound":          true,
		"jsonpath={.status.phase}=Pending":        false,
		"jsonpath={.status.nothing}":              false,
		`["condition=Ready","condition=Stalled"]`: false,
	} {
		conditions, err := parseConditions(annotation)
		if err != nil {
			t.Fatal(err)
		}
		if got, reasons := conditions.hold(ready); got != want {
			t.Errorf("%s: %v, %v", annotation, got, reasons)
		}
	}
	old := obj(object{"metadata": object{"generation": int64(2)}, "status": conditionsOf(
		object{"type": "Ready", "status": "True", "observedGeneration": int64(1)},
	)})
	if conditions, err := parseConditions("condition=Ready"); err != nil {
		t.Fatal(err)
	} else if holds, _ := conditions.hold(old); holds {
		t.Error("a condition from before the last change holds")
	}
	for _, annotation := range []string{"Ready", "[]", "jsonpath={"} {
		if _, err := parseConditions(annotation); err == nil {
			t.Errorf("%s is taken for a condition", annotation)
		}
	}
}

func TestTimeout(t *testing.T) {
	annotated := obj(object{"metadata": object{"annotations": object{"pulumi.com/timeoutSeconds": "30"}}})
	if got := Timeout(5, annotated); got != 5*time.Second {
		t.Errorf("the resource option: %v", got)
	}
	if got := Timeout(0, annotated); got != 30*time.Second {
		t.Errorf("the annotation: %v", got)
	}
	if got := Timeout(0, obj(object{})); got != 10*time.Minute {
		t.Errorf("the default: %v", got)
	}
}
