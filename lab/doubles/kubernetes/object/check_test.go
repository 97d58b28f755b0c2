package object

import (
	"context"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"weft/lab/doubles/internal/plugin"
	"weft/lab/doubles/kubernetes/cluster"
)

const configMap = "urn:pulumi:dev::weft::kubernetes:core/v1:ConfigMap::settings"

func check(t *testing.T, olds, news map[string]any, change func(*pulumirpc.CheckRequest)) (resource.PropertyMap, error) {
	t.Helper()
	request := &pulumirpc.CheckRequest{Urn: configMap, RandomSeed: []byte("seed")}
	var err error
	if request.News, err = plugin.Write(resource.NewPropertyMapFromMap(news)); err != nil {
		t.Fatal(err)
	}
	if request.Olds, err = plugin.Write(resource.NewPropertyMapFromMap(olds)); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(request)
	}
	answer, err := (&Provider{Cluster: &cluster.Cluster{Namespace: "here"}}).Check(context.Background(), request)
	if err != nil {
		return nil, err
	}
	inputs, err := plugin.Read(answer.GetInputs())
	return inputs, err
}

func named(metadata map[string]any) map[string]any {
	return map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
}

func metadataOf(t *testing.T, inputs resource.PropertyMap) map[string]any {
	t.Helper()
	return inputs["metadata"].ObjectValue().Mappable()
}

func TestCheckNames(t *testing.T) {
	t.Run("a new object without a name gets one, the same for the same seed", func(t *testing.T) {
		first, err := check(t, nil, named(map[string]any{}), nil)
		if err != nil {
			t.Fatal(err)
		}
		second, _ := check(t, nil, named(map[string]any{}), nil)
		metadata := metadataOf(t, first)
		name := metadata["name"].(string)
		if !strings.HasPrefix(name, "settings-") || name != metadataOf(t, second)["name"] {
			t.Errorf("named %q and %q", name, metadataOf(t, second)["name"])
		}
		if metadata["annotations"].(map[string]any)[autonamed] != "true" {
			t.Errorf("%v", metadata)
		}
	})
	t.Run("the engine may propose the name, or forbid it", func(t *testing.T) {
		inputs, err := check(t, nil, named(map[string]any{}), func(r *pulumirpc.CheckRequest) {
			r.Autonaming = &pulumirpc.CheckRequest_AutonamingOptions{ProposedName: "proposed"}
		})
		if err != nil || metadataOf(t, inputs)["name"] != "proposed" {
			t.Errorf("%v, %v", inputs, err)
		}
		_, err = check(t, nil, named(map[string]any{}), func(r *pulumirpc.CheckRequest) {
			r.Autonaming = &pulumirpc.CheckRequest_AutonamingOptions{
				Mode: pulumirpc.CheckRequest_AutonamingOptions_DISABLE,
			}
		})
		if err == nil || !strings.Contains(err.Error(), "requires the .metadata.name field") {
			t.Errorf("%v", err)
		}
	})
	t.Run("an object keeps the name that it was given", func(t *testing.T) {
		old := named(map[string]any{"name": "settings-1", "annotations": map[string]any{autonamed: "true"}})
		inputs, err := check(t, old, named(map[string]any{}), nil)
		if err != nil || metadataOf(t, inputs)["name"] != "settings-1" {
			t.Errorf("%v, %v", inputs, err)
		}
	})
}

func TestCheckNamespaces(t *testing.T) {
	inputs, err := check(t, nil, named(map[string]any{"name": "a"}), nil)
	if err != nil || metadataOf(t, inputs)["namespace"] != "here" {
		t.Errorf("%v, %v", inputs, err)
	}
	inputs, err = check(t, nil, named(map[string]any{"name": "a", "namespace": "there"}), nil)
	if err != nil || metadataOf(t, inputs)["namespace"] != "there" {
		t.Errorf("%v, %v", inputs, err)
	}
}
