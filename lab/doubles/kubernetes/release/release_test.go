package release

import (
	"reflect"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"weft/lab/doubles/kubernetes/state"
)

func TestDecode(t *testing.T) {
	text := resource.NewProperty[string]
	file, err := resource.NewTextAsset("{a: 1, nested: {b: 1, c: 1}}")
	if err != nil {
		t.Fatal(err)
	}
	release, err := decode(resource.PropertyMap{
		"name": text("r"), "timeout": resource.NewProperty(300.0), "disableCRDHooks": resource.NewProperty(true),
		"valueYamlFiles": resource.NewProperty([]resource.PropertyValue{resource.NewProperty(file)}),
		"values": resource.NewProperty(resource.PropertyMap{
			"nested": resource.NewProperty(resource.PropertyMap{"b": resource.NewProperty(2.0)}),
			"token":  resource.MakeSecret(text("t")),
			"hidden": resource.MakeSecret(state.Unknown),
			"null":   resource.NewNullProperty(),
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"a": 1.0, "nested": map[string]any{"b": 2.0, "c": 1.0}, "token": "t", "hidden": nil, "null": nil,
	}
	if !reflect.DeepEqual(release.Values, want) {
		t.Errorf("values %v", release.Values)
	}
	if release.Name != "r" || release.Timeout != 300 || !release.DisableCRDHooks {
		t.Errorf("%+v", release)
	}
}

func TestMergeChangesNeither(t *testing.T) {
	base, over := map[string]any{"a": map[string]any{"b": 1}}, map[string]any{"a": map[string]any{"c": 2}}
	merged := merge(base, over)
	if !reflect.DeepEqual(merged, map[string]any{"a": map[string]any{"b": 1, "c": 2}}) {
		t.Errorf("merged %v", merged)
	}
	if len(base["a"].(map[string]any)) != 1 || len(over["a"].(map[string]any)) != 1 {
		t.Errorf("base %v, over %v", base, over)
	}
}

func TestCheckpointKeepsSecrets(t *testing.T) {
	inputs := resource.PropertyMap{
		"values": resource.NewProperty(resource.PropertyMap{"token": resource.MakeSecret(resource.NewProperty("t"))}),
	}
	release, err := decode(inputs)
	if err != nil {
		t.Fatal(err)
	}
	checkpoint := release.checkpoint(inputs, true)
	if !checkpoint["values"].ObjectValue()["token"].IsSecret() || !checkpoint[inputsKey].IsSecret() {
		t.Errorf("%v", checkpoint)
	}
	if !checkpoint["status"].IsComputed() || !checkpoint["resourceNames"].IsComputed() {
		t.Errorf("a preview knows what only the update can: %v", checkpoint)
	}
	if !reflect.DeepEqual(inputsOf(checkpoint), inputs) {
		t.Errorf("inputs %v", inputsOf(checkpoint))
	}
}

func TestResourceNames(t *testing.T) {
	names, err := resourceNames(`
apiVersion: v1
kind: Service
metadata: {name: b, namespace: ns}
---
# only a comment
---
apiVersion: v1
kind: Service
metadata: {name: a, namespace: ns}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
`)
	want := map[string][]string{"Service/v1": {"ns/a", "ns/b"}, "Deployment.apps/apps/v1": {"a"}}
	if err != nil || !reflect.DeepEqual(names, want) {
		t.Errorf("%v, %v", names, err)
	}
}

func TestResolve(t *testing.T) {
	for _, test := range [][4]string{
		{"https://example.com/charts", "istiod", "https://example.com/charts", "istiod"},
		{"", "oci://example.com/charts/istiod", "", "oci://example.com/charts/istiod"},
		{"https://ignored", "oci://example.com/charts/istiod", "", "oci://example.com/charts/istiod"},
		{"istio", "istiod", "", "istio/istiod"},
		{"", "istio/istiod", "", "istio/istiod"},
	} {
		if repository, chart := resolve(test[0], test[1]); repository != test[2] || chart != test[3] {
			t.Errorf("%v: %q %q", test, repository, chart)
		}
	}
}
