// Package state is how the provider keeps an object in the engine's state: the live object, and beside it what the
// program asked for.
package state

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	inputsKey            = "__inputs"
	initialAPIVersionKey = "__initialApiVersion"
	fieldManagerKey      = "__fieldManager"
)

// Object is an object as the engine keeps it.
type Object struct {
	// Inputs are what the program asked for, Live what the API server last answered.
	Inputs, Live *unstructured.Unstructured
	// APIVersion is the one that the object was first created with.
	APIVersion string
	// FieldManager owns the object's fields in server-side apply.
	FieldManager string
}

// Properties marks as secret what is secret in from, and all data of Secrets.
func (o Object) Properties(from resource.PropertyMap) resource.PropertyMap {
	live, inputs := ToProperties(o.Live), ToProperties(o.Inputs)
	MarkSecrets(live, from)
	MarkSecrets(inputs, from)
	live[inputsKey] = resource.NewProperty(inputs)
	live[initialAPIVersionKey] = resource.NewProperty(o.APIVersion)
	live[fieldManagerKey] = resource.NewProperty(o.FieldManager)
	return live
}

// Read is the reverse of Properties, without the marks.
func Read(properties resource.PropertyMap) Object {
	live := FromProperties(properties)
	inputs, _ := live.Object[inputsKey].(map[string]any)
	if inputs == nil {
		inputs = map[string]any{}
	}
	o := Object{Inputs: &unstructured.Unstructured{Object: inputs}, Live: live}
	o.APIVersion, _ = live.Object[initialAPIVersionKey].(string)
	o.FieldManager, _ = live.Object[fieldManagerKey].(string)
	for _, key := range []string{inputsKey, initialAPIVersionKey, fieldManagerKey} {
		delete(live.Object, key)
	}
	return o
}

// dashed are the keys that Pulumi's SDKs write with underscores, because not all languages can write a dash.
var dashed = map[string]string{
	"x_kubernetes_embedded_resource":       "x-kubernetes-embedded-resource",
	"x_kubernetes_int_or_string":           "x-kubernetes-int-or-string",
	"x_kubernetes_list_map_keys":           "x-kubernetes-list-map-keys",
	"x_kubernetes_list_type":               "x-kubernetes-list-type",
	"x_kubernetes_map_type":                "x-kubernetes-map-type",
	"x_kubernetes_preserve_unknown_fields": "x-kubernetes-preserve-unknown-fields",
	"x_kubernetes_validations":             "x-kubernetes-validations",
}

var underscored = func() map[string]resource.PropertyKey {
	keys := map[string]resource.PropertyKey{}
	for underscore, dash := range dashed {
		keys[dash] = resource.PropertyKey(underscore)
	}
	return keys
}()

// FromProperties is the object that properties describe: secrets bare, unknown values as resource.Computed.
func FromProperties(properties resource.PropertyMap) *unstructured.Unstructured {
	object := properties.MapRepl(func(key string) (string, bool) {
		dash, ok := dashed[key]
		return dash, ok
	}, Bare)
	if object == nil {
		object = map[string]any{}
	}
	return &unstructured.Unstructured{Object: object}
}

// ToProperties is the reverse of FromProperties.
func ToProperties(obj *unstructured.Unstructured) resource.PropertyMap {
	return resource.NewPropertyMapFromMapRepl(obj.Object, func(key string) (resource.PropertyKey, bool) {
		underscore, ok := underscored[key]
		return underscore, ok
	}, nil)
}

// Bare takes the wrapper off a secret; it is made for resource.PropertyMap.MapRepl.
func Bare(v resource.PropertyValue) (any, bool) {
	if v.IsSecret() {
		return v.SecretValue().Element.MapRepl(nil, Bare), true
	}
	return nil, false
}
