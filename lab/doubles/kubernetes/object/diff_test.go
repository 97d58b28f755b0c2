package object

import (
	"context"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"weft/lab/doubles/internal/plugin"
	"weft/lab/doubles/kubernetes/cluster"
	"weft/lab/doubles/kubernetes/diff"
	"weft/lab/doubles/kubernetes/state"
)

func secret(name, value string, annotations map[string]any) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Secret",
		"metadata": map[string]any{"name": name, "namespace": "default", "annotations": annotations},
		"data":     map[string]any{"key": value},
	}}
}

func TestDiffOfASecret(t *testing.T) {
	auto := map[string]any{autonamed: "true"}
	for _, test := range []struct {
		name                string
		old, wanted         *unstructured.Unstructured
		mutable             bool
		replaces            int
		deleteBeforeReplace bool
	}{
		{"changes in place where Secrets may", secret("a", "eA==", nil), secret("a", "eQ==", nil), true, 0, false},
		{"is replaced, the old one first for its name, where they may not", secret("a", "eA==", nil), secret("a", "eQ==", nil), false, 1, true},
		{"is replaced, the new one first, where it was named by us", secret("a", "eA==", auto), secret("a", "eQ==", auto), false, 1, false},
		{"is replaced, the new one first, when its name changes", secret("a", "eA==", nil), secret("b", "eA==", nil), true, 1, false},
		{"stays when nothing changes", secret("a", "eA==", nil), secret("a", "eA==", nil), false, 0, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			olds := state.Object{Inputs: test.old, Live: test.old, APIVersion: "v1", FieldManager: "m"}.Properties(nil)
			request := &pulumirpc.DiffRequest{}
			var err error
			if request.Olds, err = plugin.Write(olds); err != nil {
				t.Fatal(err)
			}
			if request.News, err = plugin.Write(state.ToProperties(test.wanted)); err != nil {
				t.Fatal(err)
			}
			p := &Provider{Cluster: &cluster.Cluster{}, Mutable: diff.Mutable{Secrets: test.mutable}}
			answer, err := p.Diff(context.Background(), request)
			if err != nil {
				t.Fatal(err)
			}
			if len(answer.GetReplaces()) != test.replaces || answer.GetDeleteBeforeReplace() != test.deleteBeforeReplace {
				t.Errorf("replaces %v, the old one first: %v", answer.GetReplaces(), answer.GetDeleteBeforeReplace())
			}
		})
	}
}

func TestDiffOfUnknownValuesIsAChange(t *testing.T) {
	old := secret("a", "eA==", nil)
	olds, err := plugin.Write(state.Object{Inputs: old, Live: old}.Properties(nil))
	if err != nil {
		t.Fatal(err)
	}
	wanted := state.ToProperties(old)
	wanted["data"] = resource.NewProperty(resource.PropertyMap{"key": resource.MakeSecret(state.Unknown)})
	news, err := plugin.Write(wanted)
	if err != nil {
		t.Fatal(err)
	}
	p := &Provider{Cluster: &cluster.Cluster{}, Mutable: diff.Mutable{Secrets: true}}
	answer, err := p.Diff(context.Background(), &pulumirpc.DiffRequest{Olds: olds, News: news})
	if err != nil || answer.GetDetailedDiff()["data.key"].GetKind() != pulumirpc.PropertyDiff_UPDATE {
		t.Errorf("%v, %v", answer, err)
	}
}
