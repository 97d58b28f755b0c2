package object

import (
	"context"
	"fmt"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"weft/lab/doubles/kubernetes/cluster"
	"weft/lab/doubles/kubernetes/diff"
	"weft/lab/doubles/kubernetes/state"
)

// Diff compares what the program wants with the live object, as far as the program had a say in it before.
func (p *Provider) Diff(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	olds, news, err := readBoth(req.GetOlds(), req.GetNews())
	if err != nil {
		return nil, err
	}
	old := state.Read(olds)
	inputs := normalize(state.FromProperties(news))
	live := prune(old.Live, normalize(old.Inputs))
	p.align(live, inputs, old.Live)

	differences := diff.Detailed(live.Object, inputs.Object, live.Object, diff.Replacing(inputs, p.Mutable))
	if err := diff.WithoutIgnored(differences, req.GetIgnoreChanges()); err != nil {
		return nil, fmt.Errorf("failed to parse ignore path: %w", err)
	}
	changes := pulumirpc.DiffResponse_DIFF_NONE
	if len(differences) > 0 {
		changes = pulumirpc.DiffResponse_DIFF_SOME
	}
	replaces := diff.Replaces(differences)
	return &pulumirpc.DiffResponse{
		Changes:             changes,
		Replaces:            replaces,
		DeleteBeforeReplace: len(replaces) > 0 && takesSamePlace(inputs, old.Live),
		DetailedDiff:        differences,
		HasDetailedDiff:     true,
	}, nil
}

// align makes the same what means the same: an object in the namespace "default" may not name it, and so on.
func (p *Provider) align(live, inputs, whole *unstructured.Unstructured) {
	if p.Cluster.Namespaced(inputs.GroupVersionKind()) {
		live.SetNamespace(cluster.NamespaceOrDefault(live.GetNamespace()))
		if !state.HasUnknown(metadata(inputs)["namespace"]) {
			inputs.SetNamespace(cluster.NamespaceOrDefault(inputs.GetNamespace()))
		}
	} else {
		live.SetNamespace("")
		inputs.SetNamespace("")
	}
	if live.GroupVersionKind().Empty() {
		live.SetGroupVersionKind(inputs.GroupVersionKind())
	}
	live.SetResourceVersion("")
	// A name that the API server made may be written into the program afterwards.
	if inputs.GetName() != "" {
		live.SetName(whole.GetName())
	}
}

// takesSamePlace is true where the old object must go before the new one can come.
func takesSamePlace(inputs, live *unstructured.Unstructured) bool {
	return hasName(inputs) && !isAutonamed(inputs) && inputs.GetName() == live.GetName() &&
		inputs.GetNamespace() == live.GetNamespace()
}
