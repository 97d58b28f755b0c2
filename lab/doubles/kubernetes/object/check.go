package object

import (
	"context"
	"errors"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes/scheme"

	"weft/lab/doubles/internal/plugin"
	"weft/lab/doubles/kubernetes/cluster"
	"weft/lab/doubles/kubernetes/state"
)

const autonamed = "pulumi.com/autonamed"

// Check normalises the inputs, and gives the object a name and a namespace where it has none.
func (p *Provider) Check(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	urn := resource.URN(req.GetUrn())
	kind, err := kindOf(urn)
	if err != nil {
		return nil, err
	}
	olds, news, err := readBoth(req.GetOlds(), req.GetNews())
	if err != nil {
		return nil, err
	}
	inputs := normalize(state.FromProperties(news))
	if len(olds) > 0 {
		adoptName(inputs, state.FromProperties(olds))
	} else if err := assignName(inputs, urn, req); err != nil {
		return nil, err
	}
	if !hasName(inputs) && inputs.GetGenerateName() != "" {
		return nil, errors.New("the `.metadata.generateName` field is not supported in Server-Side Apply mode")
	}
	if p.Cluster.Namespace != "" && inputs.GetNamespace() == "" && p.Cluster.Namespaced(kind) &&
		!state.HasUnknown(metadata(inputs)["namespace"]) {
		inputs.SetNamespace(p.Cluster.Namespace)
	}
	if cluster.IsCRD(inputs) {
		p.Cluster.Expect(inputs)
	}

	checked := resource.NewPropertyMapFromMap(inputs.Object)
	state.MarkSecrets(checked, news)
	answer, err := plugin.Write(checked)
	return &pulumirpc.CheckResponse{Inputs: answer}, err
}

// assignName gives a new object without a name one of its own, and marks it so.
func assignName(inputs *unstructured.Unstructured, urn resource.URN, req *pulumirpc.CheckRequest) error {
	if hasName(inputs) || inputs.GetGenerateName() != "" {
		return nil
	}
	name, err := resource.NewUniqueName(req.GetRandomSeed(), urn.Name()+"-", 0, 0, nil)
	if err != nil {
		return err
	}
	if naming := req.GetAutonaming(); naming != nil {
		if naming.GetMode() == pulumirpc.CheckRequest_AutonamingOptions_DISABLE {
			return errors.New("autonaming is disabled, resource requires the .metadata.name field to be set")
		}
		name = naming.GetProposedName()
	}
	setName(inputs, name)
	return nil
}

// adoptName keeps the name that an earlier Check gave.
func adoptName(inputs, old *unstructured.Unstructured) {
	if !hasName(inputs) && isAutonamed(old) {
		setName(inputs, old.GetName())
	}
}

func setName(inputs *unstructured.Unstructured, name string) {
	inputs.SetName(name)
	annotations := inputs.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[autonamed] = "true"
	if !state.HasUnknown(metadata(inputs)["annotations"]) {
		inputs.SetAnnotations(annotations)
	}
}

func isAutonamed(obj *unstructured.Unstructured) bool {
	return obj.GetAnnotations()[autonamed] == "true"
}

// hasName is true for an unknown name, too.
func hasName(inputs *unstructured.Unstructured) bool {
	_, unknown := inputs.Object["metadata"].(resource.Computed)
	return unknown || inputs.GetName() != "" || state.HasUnknown(metadata(inputs)["name"])
}

func metadata(obj *unstructured.Unstructured) map[string]any {
	metadata, _ := obj.Object["metadata"].(map[string]any)
	return metadata
}

// Unsupported names what the real provider does with a type and this double does not; "" for a type that it knows.
func Unsupported(urn resource.URN) string {
	kind, err := kindOf(urn)
	if err != nil {
		return ""
	}
	for _, suffix := range []string{"Patch", "List"} {
		of, ok := strings.CutSuffix(kind.Kind, suffix)
		if ok && scheme.Scheme.Recognizes(kind.GroupVersion().WithKind(of)) {
			return suffix + " resources"
		}
	}
	return ""
}
