// Package object manages any Kubernetes object: kubernetes:<group>/<version>:<Kind>.
package object

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"google.golang.org/protobuf/types/known/structpb"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"weft/lab/doubles/internal/plugin"
	"weft/lab/doubles/kubernetes/cluster"
	"weft/lab/doubles/kubernetes/diff"
	"weft/lab/doubles/kubernetes/state"
)

// Provider answers the engine's calls for objects. Its methods are those of the provider protocol.
type Provider struct {
	// Lifetime ends when the engine says Cancel.
	Lifetime context.Context
	Engine   *plugin.Engine
	Cluster  *cluster.Cluster
	// Unreachable says why the cluster cannot be reached; nil when it can.
	Unreachable error
	// Mutable kinds change their data in place.
	Mutable diff.Mutable
	// DeleteUnreachable lets objects of an unreachable cluster leave the state.
	DeleteUnreachable bool
	// PatchForce takes fields over from other field managers.
	PatchForce bool
}

// kindOf is the kind that a type token names: kubernetes:core/v1:Secret is v1, Secret.
func kindOf(urn resource.URN) (schema.GroupVersionKind, error) {
	group, version, ok := strings.Cut(string(urn.Type().Module().Name()), "/")
	if !ok {
		return schema.GroupVersionKind{},
			fmt.Errorf("apiVersion does not have both a group and a version: %q", urn.Type().Module().Name())
	}
	if group == "core" {
		group = ""
	}
	return schema.GroupVersionKind{Group: group, Version: version, Kind: string(urn.Type().Name())}, nil
}

// served is true where the API server knows the object's kind.
func (p *Provider) served(obj *unstructured.Unstructured) bool {
	if p.Unreachable != nil {
		return false
	}
	_, err := p.Cluster.Mapping(obj.GroupVersionKind(), false)
	return err == nil
}

// fieldManager is the one that the object asks for, else that of its state, else a new one.
func fieldManager(inputs *unstructured.Unstructured, old state.Object) string {
	if annotated := inputs.GetAnnotations()["pulumi.com/patchFieldManager"]; annotated != "" {
		return annotated
	}
	if old.FieldManager != "" {
		return old.FieldManager
	}
	name, err := resource.NewUniqueName(nil, "pulumi-kubernetes-", 0, 0, nil)
	if err != nil {
		panic(err) // Only a maximum length can be missed, and there is none.
	}
	return name
}

func readBoth(first, second *structpb.Struct) (a, b resource.PropertyMap, err error) {
	if a, err = plugin.Read(first); err != nil {
		return nil, nil, err
	}
	b, err = plugin.Read(second)
	return a, b, err
}

// unreachable is what an operation that needs the cluster answers without it.
func (p *Provider) unreachable() error {
	return fmt.Errorf("configured Kubernetes cluster is unreachable: %w", p.Unreachable)
}
