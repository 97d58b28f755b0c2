package object

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"weft/lab/doubles/internal/plugin"
	"weft/lab/doubles/kubernetes/ready"
	"weft/lab/doubles/kubernetes/state"
)

// Delete removes the object and waits until it is gone.
func (p *Provider) Delete(_ context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	ctx, urn := p.Lifetime, resource.URN(req.GetUrn())
	if p.Unreachable != nil {
		p.Engine.Warn(ctx, string(urn), p.unreachable().Error())
		if p.DeleteUnreachable {
			return &emptypb.Empty{}, nil
		}
		return nil, errors.New("configured Kubernetes cluster is unreachable. If the cluster was deleted, you can " +
			"remove this resource from Pulumi state by rerunning the operation with the " +
			"PULUMI_K8S_DELETE_UNREACHABLE environment variable set to \"true\"")
	}
	olds, err := plugin.Read(req.GetProperties())
	if err != nil {
		return nil, err
	}
	old := state.Read(olds)
	_, name := state.ParseID(req.GetId())

	client, err := p.Cluster.Client(old.Live)
	if meta.IsNoMatchError(err) {
		return &emptypb.Empty{}, nil
	} else if err != nil {
		return nil, err
	}
	policy := propagation(old.Inputs)
	err = client.Delete(ctx, name, metav1.DeleteOptions{PropagationPolicy: &policy})
	if apierrors.IsNotFound(err) {
		return &emptypb.Empty{}, nil
	} else if err != nil {
		return nil, err
	}
	if ready.Skipped(old.Inputs) && mayStayBehind[old.Inputs.GetKind()] {
		return &emptypb.Empty{}, nil
	}
	p.report(urn)("Resource scheduled for deletion")
	limited, cancel := context.WithTimeout(ctx, ready.Timeout(req.GetTimeout(), old.Inputs))
	defer cancel()
	if err := ready.Gone(limited, client, name); err != nil {
		if err := p.lingers(ctx, client, urn, name, old, olds, err); err != nil {
			return nil, err
		}
	}
	return &emptypb.Empty{}, nil
}

// lingers is the error for an object that does not go: the engine keeps what is left of it.
func (p *Provider) lingers(
	ctx context.Context, client dynamic.ResourceInterface, urn resource.URN, name string, old state.Object,
	olds resource.PropertyMap, cause error,
) error {
	// Even where the engine has said Cancel, its state should tell what is there.
	ctx = context.WithoutCancel(ctx)
	live, err := client.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	} else if err != nil {
		return cause
	}
	p.Engine.Warn(ctx, string(urn), fmt.Sprintf("finalizers might be preventing deletion (%s)",
		strings.Join(live.GetFinalizers(), ", ")))
	old.Inputs, old.Live = old.Live, live
	properties, err := plugin.Write(old.Properties(olds))
	if err != nil {
		return err
	}
	return state.Unready(state.ID(live.GetNamespace(), name), cause, properties, nil)
}

// mayStayBehind are the kinds whose deletion is not waited for where their creation is not.
var mayStayBehind = map[string]bool{
	"Namespace": true, "Pod": true, "ReplicationController": true, "DaemonSet": true, "Deployment": true,
	"StatefulSet": true, "Job": true,
}

// propagation is foreground unless the object says otherwise: what it owns goes first.
func propagation(inputs *unstructured.Unstructured) metav1.DeletionPropagation {
	switch strings.ToLower(inputs.GetAnnotations()["pulumi.com/deletionPropagationPolicy"]) {
	case "orphan":
		return metav1.DeletePropagationOrphan
	case "background":
		return metav1.DeletePropagationBackground
	default:
		return metav1.DeletePropagationForeground
	}
}
