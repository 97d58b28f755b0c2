package object

import (
	"reflect"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestNormalize(t *testing.T) {
	unknown := resource.Computed{Element: resource.NewProperty("")}
	for _, test := range []struct {
		name      string
		obj, want map[string]any
	}{
		{
			"a Secret's text goes into its data, over what is there",
			map[string]any{
				"apiVersion": "v1", "kind": "Secret",
				"data": map[string]any{"a": "eA==\n", "b": "eA=="}, "stringData": map[string]any{"b": "y"},
			},
			map[string]any{"apiVersion": "v1", "kind": "Secret", "data": map[string]any{"a": "eA==", "b": "eQ=="}},
		},
		{
			"data that is no base64 is left to the API server",
			map[string]any{"apiVersion": "v1", "kind": "Secret", "data": map[string]any{"a": "?"}},
			map[string]any{"apiVersion": "v1", "kind": "Secret", "data": map[string]any{"a": "?"}},
		},
		{
			"a quantity is written as the API server writes it",
			map[string]any{
				"apiVersion": "v1", "kind": "ResourceQuota",
				"spec": map[string]any{"hard": map[string]any{"cpu": "1000m"}},
			},
			map[string]any{
				"apiVersion": "v1", "kind": "ResourceQuota",
				"spec": map[string]any{"hard": map[string]any{"cpu": "1"}},
			},
		},
		{
			"what the server alone writes is dropped",
			map[string]any{
				"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "a", "uid": "u"},
			},
			map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "a"}},
		},
		{
			"a custom resource stays as it is",
			map[string]any{"apiVersion": "example.com/v1", "kind": "X", "spec": map[string]any{"a": nil}},
			map[string]any{"apiVersion": "example.com/v1", "kind": "X", "spec": map[string]any{"a": nil}},
		},
		{
			"unknown values stay as they are",
			map[string]any{"apiVersion": "v1", "kind": "Secret", "stringData": map[string]any{"a": unknown}},
			map[string]any{"apiVersion": "v1", "kind": "Secret", "stringData": map[string]any{"a": unknown}},
		},
		{
			"a CustomResourceDefinition loses what the server ignores",
			map[string]any{
				"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
				"spec": map[string]any{"preserveUnknownFields": false}, "status": map[string]any{},
			},
			map[string]any{
				"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": map[string]any{},
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := normalize(&unstructured.Unstructured{Object: test.obj}).Object
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestPruneKeepsTheShapeOfTheInputs(t *testing.T) {
	live := map[string]any{
		"spec": map[string]any{
			"clusterIP": "10.0.0.1",
			"ports":     []any{map[string]any{"port": int64(1), "nodePort": int64(30000)}, map[string]any{"port": int64(2)}},
		},
	}
	inputs := map[string]any{"spec": map[string]any{"ports": []any{map[string]any{"port": 1.0}}, "type": "x"}}
	want := map[string]any{"spec": map[string]any{"ports": []any{map[string]any{"port": int64(1)}}}}
	if got := pruneMap(live, inputs); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}
