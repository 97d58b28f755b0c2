package diff

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type object = map[string]any

func TestDetailed(t *testing.T) {
	unknown := resource.Computed{Element: resource.NewProperty("")}
	for _, test := range []struct {
		name                 string
		old, news, oldInputs object
		replacing            []string
		want                 map[string]string
	}{
		{
			"what is equal is no difference, whatever the type of a number",
			object{"spec": object{"replicas": int64(1)}}, object{"spec": object{"replicas": 1.0}}, nil, nil,
			map[string]string{},
		},
		{
			"a label whose key has dots is quoted",
			object{"metadata": object{"labels": object{"weft.dev/test": "a"}}},
			object{"metadata": object{"labels": object{"weft.dev/test": "b"}}}, nil, nil,
			map[string]string{`metadata.labels["weft.dev/test"]`: "UPDATE"},
		},
		{
			"what the server added is no difference",
			object{"spec": object{"a": "1", "clusterIP": "10.0.0.1"}}, object{"spec": object{"a": "1"}}, nil, nil,
			map[string]string{},
		},
		{
			"what the program no longer wants is deleted, as an input",
			object{"data": object{"c1": "x", "c2": "y"}}, object{"data": object{"c1": "x"}},
			object{"data": object{"c1": "x", "c2": "y"}}, nil,
			map[string]string{"data.c2": "DELETE input"},
		},
		{
			"an unknown value is a change where there is one, else an addition",
			object{"data": object{"c1": "x"}}, object{"data": object{"c1": unknown, "c2": unknown}}, nil, nil,
			map[string]string{"data.c1": "UPDATE", "data.c2": "ADD"},
		},
		{
			"elements of arrays are compared one by one",
			object{"ports": []any{object{"port": 1.0}, object{"port": 2.0}}},
			object{"ports": []any{object{"port": 1.0}, object{"port": 3.0}, object{"port": 4.0}}}, nil, nil,
			map[string]string{"ports[1].port": "UPDATE", "ports[2]": "ADD"},
		},
		{
			"an array that got shorter loses its last elements",
			object{"hosts": []any{"a", "b"}}, object{"hosts": []any{"a"}}, nil, nil,
			map[string]string{"hosts[1]": "DELETE input"},
		},
		{
			"a change below a path that cannot change replaces",
			object{"data": object{"c1": "x"}}, object{"data": object{"c1": "y"}}, nil, []string{".data"},
			map[string]string{"data.c1": "UPDATE_REPLACE"},
		},
		{
			"an addition that holds what cannot change replaces",
			object{}, object{"spec": object{"selector": object{"app": "a"}}}, nil, []string{".spec.selector"},
			map[string]string{"spec": "ADD_REPLACE"},
		},
		{
			"a change of any element of an array may replace",
			object{"spec": object{"containers": []any{object{"image": "a"}}}},
			object{"spec": object{"containers": []any{object{"image": "b"}}}}, nil, []string{".spec.containers[*].image"},
			map[string]string{"spec.containers[0].image": "UPDATE_REPLACE"},
		},
		{
			"a change beside what cannot change does not replace",
			object{"spec": object{"selectorOfOthers": "a"}}, object{"spec": object{"selectorOfOthers": "b"}}, nil,
			[]string{".spec.selector"},
			map[string]string{"spec.selectorOfOthers": "UPDATE"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := map[string]string{}
			for path, difference := range Detailed(test.old, test.news, test.oldInputs, test.replacing) {
				got[path] = difference.Kind.String()
				if difference.InputDiff {
					got[path] += " input"
				}
			}
			if !maps.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestWithoutIgnored(t *testing.T) {
	differences := map[string]*pulumirpc.PropertyDiff{"webhooks[0].caBundle": {}, "metadata.labels.a": {}}
	if err := WithoutIgnored(differences, []string{"webhooks"}); err != nil {
		t.Fatal(err)
	}
	if got := slices.Collect(maps.Keys(differences)); !reflect.DeepEqual(got, []string{"metadata.labels.a"}) {
		t.Errorf("left %v", got)
	}
}

func TestReplacing(t *testing.T) {
	all := Mutable{Secrets: true, ConfigMaps: true}
	for _, test := range []struct {
		name    string
		obj     object
		mutable Mutable
		want    []string
	}{
		{"a Secret by default", object{"apiVersion": "v1", "kind": "Secret"}, Mutable{}, []string{".type", ".stringData", ".data"}},
		{"a mutable Secret", object{"apiVersion": "v1", "kind": "Secret"}, all, []string{".type"}},
		{
			"a Secret that says it is immutable", object{"apiVersion": "v1", "kind": "Secret", "immutable": true}, all,
			[]string{".type", ".stringData", ".data"},
		},
		{"a ConfigMap by default", object{"apiVersion": "v1", "kind": "ConfigMap"}, Mutable{}, []string{".binaryData", ".data"}},
		{"a mutable ConfigMap", object{"apiVersion": "v1", "kind": "ConfigMap"}, all, nil},
		{
			"a Deployment", object{"apiVersion": "apps/v1", "kind": "Deployment"}, all, []string{".spec.selector"},
		},
		{"a custom resource of a built-in kind's name", object{"apiVersion": "example.com/v1", "kind": "Secret"}, Mutable{}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := append([]string{".metadata.name", ".metadata.namespace"}, test.want...)
			if got := Replacing(&unstructured.Unstructured{Object: test.obj}, test.mutable); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}
