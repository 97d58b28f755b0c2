package object

import (
	"encoding/base64"
	"reflect"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"

	"weft/lab/doubles/kubernetes/cluster"
	"weft/lab/doubles/kubernetes/state"
)

// normalize writes an object as the API server would write it back, so that spelling is no difference, and drops
// metadata that only the server writes.
func normalize(obj *unstructured.Unstructured) *unstructured.Unstructured {
	normal := obj
	if !state.HasUnknown(obj.Object) {
		normal = obj.DeepCopy()
		switch {
		case cluster.IsCRD(obj):
			normalizeCRD(normal)
		case obj.GroupVersionKind() == schema.GroupVersionKind{Version: "v1", Kind: "Secret"}:
			normalizeSecret(normal)
		case scheme.Scheme.Recognizes(obj.GroupVersionKind()):
			if typed := throughType(obj); typed != nil {
				normal = prune(typed, obj)
			}
		}
	}
	for _, field := range []string{
		"creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields",
		"resourceVersion", "uid",
	} {
		unstructured.RemoveNestedField(normal.Object, "metadata", field)
	}
	return normal
}

// throughType is the object read into its Go type and written again; nil for one that does not fit its type, which is
// for the API server to say.
func throughType(obj *unstructured.Unstructured) *unstructured.Unstructured {
	typed, err := scheme.Scheme.New(obj.GroupVersionKind())
	if err != nil {
		return nil
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, typed); err != nil {
		return nil
	}
	written, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
	if err != nil {
		return nil
	}
	return &unstructured.Unstructured{Object: written}
}

func normalizeCRD(crd *unstructured.Unstructured) {
	if preserve, found, err := unstructured.NestedBool(crd.Object, "spec", "preserveUnknownFields"); err == nil &&
		found && !preserve {
		unstructured.RemoveNestedField(crd.Object, "spec", "preserveUnknownFields")
	}
	unstructured.RemoveNestedField(crd.Object, "status")
}

// normalizeSecret does what the API server does: stringData goes into data, over what is there, and data is encoded
// anew.
func normalizeSecret(secret *unstructured.Unstructured) {
	plain, _, err := unstructured.NestedStringMap(secret.Object, "stringData")
	if err != nil {
		return
	}
	data, found, err := unstructured.NestedMap(secret.Object, "data")
	if err != nil || !found && len(plain) == 0 {
		return
	}
	if data == nil {
		data = map[string]any{}
	}
	for key, value := range data {
		if text, ok := value.(string); ok {
			// What is no base64 stays: the API server's error will name it.
			if decoded, err := base64.StdEncoding.DecodeString(text); err == nil {
				data[key] = base64.StdEncoding.EncodeToString(decoded)
			}
		}
	}
	for key, value := range plain {
		data[key] = base64.StdEncoding.EncodeToString([]byte(value))
	}
	secret.Object["data"] = data
	if len(plain) > 0 {
		delete(secret.Object, "stringData")
	}
}

// prune keeps of an object what shape names too.
func prune(obj, shape *unstructured.Unstructured) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: pruneMap(obj.Object, shape.Object)}
}

func pruneMap(from, shape map[string]any) map[string]any {
	pruned := map[string]any{}
	for key, value := range from {
		if like, ok := shape[key]; ok {
			pruned[key] = pruneValue(value, like)
		}
	}
	return pruned
}

func pruneValue(value, like any) any {
	switch value := value.(type) {
	case map[string]any:
		if like, ok := like.(map[string]any); ok {
			return pruneMap(value, like)
		}
	case []any:
		if like, ok := like.([]any); ok {
			return pruneArray(value, like)
		}
	}
	return value
}

// pruneArray keeps the elements that have a counterpart in like; an array of something else altogether is kept whole.
func pruneArray(from, like []any) []any {
	if len(from) == 0 || len(like) == 0 {
		return []any{}
	}
	if reflect.TypeOf(from[0]) != reflect.TypeOf(like[0]) {
		return from
	}
	pruned := make([]any, min(len(from), len(like)))
	for i := range pruned {
		pruned[i] = pruneValue(from[i], like[i])
	}
	return pruned
}
