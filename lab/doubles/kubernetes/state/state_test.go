package state

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestIDs(t *testing.T) {
	for id, want := range map[string][2]string{
		"istio-system/cacerts": {"istio-system", "cacerts"},
		"istio-system":         {"", "istio-system"},
	} {
		namespace, name := ParseID(id)
		if [2]string{namespace, name} != want || ID(namespace, name) != id {
			t.Errorf("%s: %q %q", id, namespace, name)
		}
	}
}

func TestObjectSurvivesItsProperties(t *testing.T) {
	live := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "spec": map[string]any{"x-kubernetes-int-or-string": true},
	}}
	inputs := &unstructured.Unstructured{Object: map[string]any{"kind": "ConfigMap"}}
	read := Read(Object{Inputs: inputs, Live: live, APIVersion: "v1", FieldManager: "m"}.Properties(nil))
	if read.APIVersion != "v1" || read.FieldManager != "m" || read.Inputs.GetKind() != "ConfigMap" {
		t.Errorf("read %+v", read)
	}
	if kept, _, _ := unstructured.NestedBool(read.Live.Object, "spec", "x-kubernetes-int-or-string"); !kept {
		t.Errorf("live %v", read.Live.Object)
	}
	if len(read.Live.Object) != 3 {
		t.Errorf("live keeps what is not its own: %v", read.Live.Object)
	}
}

func TestMarkSecrets(t *testing.T) {
	text := resource.NewProperty[string]
	t.Run("the data of a Secret is secret even when the program did not say so", func(t *testing.T) {
		outs := resource.PropertyMap{
			"kind": text("Secret"), "data": resource.NewProperty(resource.PropertyMap{"k": text("v")}),
		}
		MarkSecrets(outs, nil)
		if !outs["data"].IsSecret() || outs["kind"].IsSecret() {
			t.Errorf("%v", outs)
		}
	})
	t.Run("elsewhere, what was secret stays so and the rest does not become it", func(t *testing.T) {
		values := func(token resource.PropertyValue) resource.PropertyMap {
			return resource.PropertyMap{"values": resource.NewProperty(resource.PropertyMap{"token": token, "tag": text("1")})}
		}
		outs := values(text("t"))
		MarkSecrets(outs, values(resource.MakeSecret(text("t"))))
		inner := outs["values"].ObjectValue()
		if !inner["token"].IsSecret() || inner["tag"].IsSecret() {
			t.Errorf("%v", outs)
		}
	})
	t.Run("an array with a secret in it is secret as a whole", func(t *testing.T) {
		list := func(element resource.PropertyValue) resource.PropertyMap {
			return resource.PropertyMap{"args": resource.NewProperty([]resource.PropertyValue{element})}
		}
		outs := list(text("a"))
		MarkSecrets(outs, list(resource.MakeSecret(text("a"))))
		if !outs["args"].IsSecret() {
			t.Errorf("%v", outs)
		}
	})
}

func TestMarkUnknown(t *testing.T) {
	outs := resource.PropertyMap{"a": resource.NewProperty(""), "b": resource.NewProperty("b")}
	MarkUnknown(outs, resource.PropertyMap{"a": resource.MakeSecret(Unknown), "c": Unknown})
	if !outs["a"].IsComputed() || outs["b"].IsComputed() || len(outs) != 2 {
		t.Errorf("%v", outs)
	}
}
