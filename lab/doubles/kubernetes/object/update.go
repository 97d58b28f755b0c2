package object

import (
	"context"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"weft/lab/doubles/internal/plugin"
	"weft/lab/doubles/kubernetes/cluster"
	"weft/lab/doubles/kubernetes/state"
)

// Update applies the new inputs by server-side apply and waits until the object is ready.
func (p *Provider) Update(_ context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	ctx, urn := p.Lifetime, resource.URN(req.GetUrn())
	asIs := &pulumirpc.UpdateResponse{Properties: req.GetNews()}
	if !req.GetPreview() && p.Unreachable != nil {
		return nil, p.unreachable()
	}
	olds, news, err := readBoth(req.GetOlds(), req.GetNews())
	if err != nil {
		return nil, err
	}
	inputs := normalize(state.FromProperties(news))
	if req.GetPreview() && (state.HasUnknown(inputs.Object) || !p.served(inputs)) {
		return asIs, nil
	}
	old := state.Read(olds)
	object := state.Object{
		Inputs: inputs, APIVersion: old.APIVersion, FieldManager: fieldManager(inputs, old),
	}
	if object.APIVersion == "" {
		object.APIVersion = old.Inputs.GetAPIVersion()
	}

	client, err := p.Cluster.Client(inputs)
	if meta.IsNoMatchError(err) {
		return nil, fmt.Errorf("update of resource %q failed because the Kubernetes API server reported that the "+
			"apiVersion for this resource does not exist. Verify that any required CRDs have been created: %w", urn, err)
	} else if err != nil {
		return nil, err
	}
	object.Live, err = p.change(ctx, client, change{
		inputs: inputs.DeepCopy(), name: old.Live.GetName(), manager: object.FieldManager,
		ignore: req.GetIgnoreChanges(), preview: req.GetPreview(),
	})
	if req.GetPreview() {
		if apierrors.IsForbidden(err) {
			return asIs, nil
		}
	} else if err == nil {
		object.Live, err = p.await(ctx, urn, inputs, object.Live, req.GetTimeout())
	}
	if err != nil {
		return nil, p.failed(ctx, client, urn, object, old, news, err)
	}
	if old.FieldManager != "" && old.FieldManager != object.FieldManager && !req.GetPreview() {
		if err := relinquish(ctx, client, object.Live, old.FieldManager); err != nil {
			return nil, err
		}
	}
	properties, err := plugin.Write(object.Properties(news))
	return &pulumirpc.UpdateResponse{Properties: properties}, err
}

// failed keeps in the state what the cluster has now, with the reason why it is not what was asked for.
func (p *Provider) failed(
	ctx context.Context, client dynamic.ResourceInterface, urn resource.URN, object, old state.Object,
	news resource.PropertyMap, cause error,
) error {
	live, err := client.Get(ctx, old.Live.GetName(), metav1.GetOptions{})
	if err != nil {
		return errors.Join(fmt.Errorf("update of resource %q failed: %w", urn, cause),
			fmt.Errorf("unable to get cluster state: %w", err))
	}
	object.Live = live
	properties, err := plugin.Write(object.Properties(news))
	if err != nil {
		return err
	}
	id := state.ID(live.GetNamespace(), live.GetName())
	return state.Unready(id, fmt.Errorf("the Kubernetes API server reported that %q failed to fully initialize or "+
		"become live: %w", id, cause), properties, nil)
}

// change is one update of a live object. Its inputs are its own.
type change struct {
	inputs        *unstructured.Unstructured
	name, manager string
	ignore        []string
	preview       bool
}

func (p *Provider) change(
	ctx context.Context, client dynamic.ResourceInterface, c change,
) (*unstructured.Unstructured, error) {
	live, err := client.Get(ctx, c.name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	// A CustomResourceDefinition is replaced as a whole, so that versions and schemas that are gone do go.
	if cluster.IsCRD(c.inputs) {
		c.inputs.SetResourceVersion(live.GetResourceVersion())
		return client.Update(ctx, c.inputs, metav1.UpdateOptions{FieldManager: c.manager, DryRun: dryRun(c.preview)})
	}
	if !c.preview {
		if live, err = takeOver(ctx, client, live, c.manager); err != nil {
			return nil, err
		}
	}
	if err := ignoreChanges(c, live); err != nil {
		return nil, err
	}
	applied, err := apply(ctx, client, c.inputs, metav1.ApplyOptions{
		FieldManager: c.manager, DryRun: dryRun(c.preview), Force: p.force(c, live),
	})
	if apierrors.IsConflict(err) {
		return nil, errors.Join(
			errors.New("server-side apply field conflict detected, see https://www.pulumi.com/registry/packages/"+
				"kubernetes/how-to-guides/managing-resources-with-server-side-apply/"+
				"#handle-field-conflicts-on-existing-resources for troubleshooting help"),
			fmt.Errorf("The resource managed by field manager %q had an apply conflict: %w", c.manager, err))
	}
	return applied, err
}

// force is true where fields of other field managers may be taken over.
func (p *Provider) force(c change, live *unstructured.Unstructured) bool {
	if p.PatchForce || c.inputs.GetAnnotations()["pulumi.com/patchForce"] == "true" {
		return true
	}
	if c.preview {
		// The update itself will first take over what the provider created.
		for _, entry := range live.GetManagedFields() {
			if entry.Operation == metav1.ManagedFieldsOperationUpdate && entry.Manager == creator {
				return true
			}
		}
	}
	return len(live.GetManagedFields()) == 0
}
