package object

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"

	"weft/lab/doubles/internal/plugin"
	"weft/lab/doubles/kubernetes/ready"
	"weft/lab/doubles/kubernetes/state"
)

// gone tells the engine that there is no such object any more.
var gone = &pulumirpc.ReadResponse{}

// Read gives what the cluster has. Without inputs (a get or an import) it makes the inputs from the live object.
func (p *Provider) Read(_ context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	ctx, urn := p.Lifetime, resource.URN(req.GetUrn())
	olds, oldInputs, err := readBoth(req.GetProperties(), req.GetInputs())
	if err != nil {
		return nil, err
	}
	namespace, name := state.ParseID(req.GetId())
	if name == "" {
		return nil, fmt.Errorf("failed to read resource because of a failure to parse resource name from request ID: %s",
			req.GetId())
	}
	old := state.Read(olds)
	inputs := normalize(state.FromProperties(oldInputs))
	anew, err := identify(inputs, old.Live, urn, namespace, name)
	if err != nil {
		return nil, err
	}

	client, err := p.Cluster.Client(inputs)
	if meta.IsNoMatchError(err) {
		return gone, nil
	} else if err != nil {
		return nil, err
	}
	live, err := client.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return gone, nil
	} else if err != nil {
		return nil, err
	}
	var unready error
	if !anew {
		unready = ready.Wait{Cluster: p.Cluster, Inputs: inputs, Live: live, Report: p.report(urn)}.Check(ctx)
	}

	object := state.Object{
		Inputs: prune(live, inputs), Live: live, APIVersion: old.APIVersion, FieldManager: fieldManager(inputs, old),
	}
	if object.APIVersion == "" {
		object.APIVersion = inputs.GetAPIVersion()
	}
	if anew {
		inputsFromLive(object.Inputs, live)
	}
	return p.readAnswer(req.GetId(), object, oldInputs, unready)
}

func (p *Provider) readAnswer(
	id string, object state.Object, oldInputs resource.PropertyMap, unready error,
) (*pulumirpc.ReadResponse, error) {
	properties, err := plugin.Write(object.Properties(oldInputs))
	if err != nil {
		return nil, err
	}
	liveInputs := resource.NewPropertyMapFromMap(object.Inputs.Object)
	state.MarkSecrets(liveInputs, oldInputs)
	inputs, err := plugin.Write(liveInputs)
	if err != nil {
		return nil, err
	}
	if unready != nil {
		return nil, state.Unready(id, unready, properties, inputs)
	}
	return &pulumirpc.ReadResponse{Id: id, Properties: properties, Inputs: inputs}, nil
}

// identify fills in what the inputs leave open about which object they mean. It is true where the state does not know
// the object at all.
func identify(
	inputs, live *unstructured.Unstructured, urn resource.URN, namespace, name string,
) (anew bool, err error) {
	if !inputs.GroupVersionKind().Empty() {
		return false, nil
	}
	if live.GroupVersionKind().Empty() {
		kind, err := kindOf(urn)
		if err != nil {
			return false, err
		}
		inputs.SetGroupVersionKind(kind)
		anew = true
	} else {
		inputs.SetGroupVersionKind(live.GroupVersionKind())
	}
	if inputs.GetName() == "" {
		inputs.SetName(name)
	}
	if inputs.GetNamespace() == "" {
		inputs.SetNamespace(namespace)
	}
	return anew, nil
}

// inputsFromLive takes over all that a program can set. Of kinds that are not built in nobody knows what that is.
func inputsFromLive(inputs, live *unstructured.Unstructured) {
	if scheme.Scheme.Recognizes(live.GroupVersionKind()) {
		for key, value := range live.Object {
			if key != "status" {
				inputs.Object[key] = runtime.DeepCopyJSONValue(value)
			}
		}
	}
	for _, path := range [][]string{
		{"creationTimestamp"}, {"generation"}, {"managedFields"}, {"resourceVersion"}, {"uid"},
		{"annotations", "deployment.kubernetes.io/revision"},
		{"annotations", "kubectl.kubernetes.io/last-applied-configuration"},
	} {
		unstructured.RemoveNestedField(inputs.Object, append([]string{"metadata"}, path...)...)
	}
}
