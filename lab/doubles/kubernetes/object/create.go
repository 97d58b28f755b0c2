package object

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"weft/lab/doubles/internal/plugin"
	"weft/lab/doubles/kubernetes/cluster"
	"weft/lab/doubles/kubernetes/ready"
	"weft/lab/doubles/kubernetes/state"
)

// creator is the field manager of a new object. The first update moves its fields to the object's own field manager.
const creator = "pulumi-kubernetes"

// retries are the pauses between attempts to create an object whose namespace or kind is not there yet.
var retries = []time.Duration{1 * time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second}

const existsHelp = `

The resource already exists in the cluster. This can happen when:

  - Renaming a Pulumi resource: use an alias to preserve the identity,
    or use deleteBeforeReplace if the resource needs replacement.
  - Managing an existing resource: use a Patch resource (e.g. NamespacePatch)
    to manage specific fields without owning the resource lifecycle.
  - Adopting a resource into Pulumi: use ` + "`pulumi import`" + `. Note that
    protected resources (e.g. kube-system) cannot be deleted on destroy.
  - Intentional upsert: set upsertExistingObjects on the provider to allow
    server-side apply to update existing objects on create.`

// Create makes the object and waits until it is ready. A preview asks the API server without storing anything, where
// it can.
func (p *Provider) Create(_ context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	ctx, urn := p.Lifetime, resource.URN(req.GetUrn())
	asIs := &pulumirpc.CreateResponse{Properties: req.GetProperties()}
	if !req.GetPreview() && p.Unreachable != nil {
		return nil, p.unreachable()
	}
	news, err := plugin.Read(req.GetProperties())
	if err != nil {
		return nil, err
	}
	inputs := state.FromProperties(news)
	if req.GetPreview() && (state.HasUnknown(inputs.Object) || !p.served(inputs)) {
		return asIs, nil
	}

	live, createErr := p.create(ctx, urn, inputs, req.GetPreview())
	switch {
	case createErr == nil:
	case req.GetPreview() && notPreviewable(createErr):
		return asIs, nil
	case meta.IsNoMatchError(createErr):
		kind := inputs.GroupVersionKind()
		return nil, fmt.Errorf("creation of resource %q with kind %s failed because the Kubernetes API server "+
			"reported that the apiVersion for this resource does not exist. Verify that any required CRDs have been "+
			"created: %w", urn, kind.GroupVersion().String()+"/"+kind.Kind, createErr)
	default:
		return nil, fmt.Errorf("resource %q was not successfully created by the Kubernetes API server: %w",
			urn, createErr)
	}

	object := state.Object{
		Inputs: inputs, Live: live, APIVersion: inputs.GetAPIVersion(), FieldManager: fieldManager(inputs, state.Object{}),
	}
	if req.GetPreview() {
		delete(live.Object, "status")
		properties, err := plugin.Write(object.Properties(news))
		return &pulumirpc.CreateResponse{Properties: properties}, err
	}
	object.Live, err = p.await(ctx, urn, inputs, live, req.GetTimeout())
	id := state.ID(live.GetNamespace(), live.GetName())
	properties, writeErr := plugin.Write(object.Properties(news))
	if writeErr != nil {
		return nil, writeErr
	}
	if err != nil {
		return nil, state.Unready(id, fmt.Errorf("resource %q was successfully created, but the Kubernetes API server "+
			"reported that it failed to fully initialize or become live: %w", urn, err), properties, nil)
	}
	if cluster.IsCRD(inputs) {
		p.Cluster.Forget()
	}
	return &pulumirpc.CreateResponse{Id: id, Properties: properties}, nil
}

// errNoNamespace is a preview of an object whose namespace the same update will create.
var errNoNamespace = errors.New("the namespace does not exist yet")

// notPreviewable is true where only the update itself can tell.
func notPreviewable(err error) bool {
	return apierrors.IsForbidden(err) || apierrors.IsAlreadyExists(err) || errors.Is(err, errNoNamespace)
}

func (p *Provider) create(
	ctx context.Context, urn resource.URN, inputs *unstructured.Unstructured, preview bool,
) (*unstructured.Unstructured, error) {
	for attempt := 0; ; attempt++ {
		live, err := p.tryCreate(ctx, inputs, preview)
		switch {
		case err == nil:
			p.Engine.Status(ctx, string(urn), "")
			return live, nil
		case preview && missesNamespace(err):
			return nil, errNoNamespace
		}
		p.Engine.Status(ctx, string(urn), fmt.Sprintf("Retry #%d; creation failed: %v", attempt, err))
		if apierrors.IsAlreadyExists(err) {
			return nil, fmt.Errorf("%w%s", err, existsHelp)
		}
		if !apierrors.IsNotFound(err) && !meta.IsNoMatchError(err) || attempt == len(retries) {
			return nil, err
		}
		select {
		case <-time.After(retries[attempt]):
		case <-ctx.Done():
			return nil, err
		}
	}
}

func (p *Provider) tryCreate(
	ctx context.Context, inputs *unstructured.Unstructured, preview bool,
) (*unstructured.Unstructured, error) {
	client, err := p.Cluster.Client(inputs)
	if err != nil {
		return nil, err
	}
	return client.Create(ctx, inputs, metav1.CreateOptions{FieldManager: creator, DryRun: dryRun(preview)})
}

func missesNamespace(err error) bool {
	var status *apierrors.StatusError
	return errors.As(err, &status) && apierrors.IsNotFound(err) && status.ErrStatus.Details != nil &&
		status.ErrStatus.Details.Kind == "namespaces"
}

func dryRun(preview bool) []string {
	if preview {
		return []string{metav1.DryRunAll}
	}
	return nil
}

// await returns the last that was seen of the object, with an error when that is not ready.
func (p *Provider) await(
	ctx context.Context, urn resource.URN, inputs, live *unstructured.Unstructured, seconds float64,
) (*unstructured.Unstructured, error) {
	ctx, cancel := context.WithTimeout(ctx, ready.Timeout(seconds, inputs))
	defer cancel()
	last, err := ready.Wait{Cluster: p.Cluster, Inputs: inputs, Live: live, Report: p.report(urn)}.Await(ctx)
	if err == nil {
		p.Engine.Status(p.Lifetime, string(urn), "")
	}
	return last, err
}

func (p *Provider) report(urn resource.URN) func(string) {
	return func(message string) { p.Engine.Status(p.Lifetime, string(urn), message) }
}
