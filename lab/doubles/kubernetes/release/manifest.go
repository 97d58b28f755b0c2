package release

import (
	"fmt"
	"slices"

	"helm.sh/helm/v3/pkg/releaseutil"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// objects are those of a rendered chart.
func objects(manifest string) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	for _, document := range releaseutil.SplitManifests(manifest) {
		object := map[string]any{}
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			return nil, fmt.Errorf("the chart renders what is no YAML: %w", err)
		}
		if obj := (&unstructured.Unstructured{Object: object}); obj.GetKind() != "" {
			objects = append(objects, obj)
		}
	}
	return objects, nil
}

// resourceNames are the objects of a rendered chart: "Deployment.apps/apps/v1" -> "istio-system/istiod".
func resourceNames(manifest string) (map[string][]string, error) {
	rendered, err := objects(manifest)
	if err != nil {
		return nil, err
	}
	names := map[string][]string{}
	for _, obj := range rendered {
		kind := obj.GroupVersionKind().GroupKind().String() + "/" + obj.GetAPIVersion()
		name := obj.GetName()
		if obj.GetNamespace() != "" {
			name = obj.GetNamespace() + "/" + name
		}
		names[kind] = append(names[kind], name)
	}
	for kind := range names {
		slices.Sort(names[kind])
		names[kind] = slices.Compact(names[kind])
	}
	return names, nil
}
