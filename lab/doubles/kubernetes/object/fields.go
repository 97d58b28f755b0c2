package object

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// yielding are the field managers (by the beginning of their names) whose fields the provider takes over: its own from
// before the first apply, and those of a hand at work with kubectl.
var yielding = map[metav1.ManagedFieldsOperationType][]string{
	metav1.ManagedFieldsOperationApply: {"kubectl"},
	metav1.ManagedFieldsOperationUpdate: {
		"kubectl", "before-first-apply", creator, "pulumi-resource-kubernetes",
	},
}

func yields(entry metav1.ManagedFieldsEntry) bool {
	if entry.Subresource != "" {
		return false
	}
	for _, prefix := range yielding[entry.Operation] {
		if strings.HasPrefix(entry.Manager, prefix) {
			return true
		}
	}
	return false
}

// takeOver makes manager the owner of the fields of those that yield, so that applying does not conflict with them.
func takeOver(
	ctx context.Context, client dynamic.ResourceInterface, live *unstructured.Unstructured, manager string,
) (*unstructured.Unstructured, error) {
	ours := metav1.ManagedFieldsEntry{
		Manager: manager, Operation: metav1.ManagedFieldsOperationApply, APIVersion: live.GetAPIVersion(),
		FieldsType: "FieldsV1", Time: &metav1.Time{Time: live.GetCreationTimestamp().Time},
	}
	owned := fieldpath.NewSet()
	var others []metav1.ManagedFieldsEntry
	found := false
	for _, entry := range live.GetManagedFields() {
		isOurs := entry.Operation == ours.Operation && entry.Manager == manager && entry.Subresource == ""
		if !isOurs && !yields(entry) {
			others = append(others, entry)
			continue
		}
		found = found || !isOurs
		fields, err := fieldSet(entry)
		if err != nil {
			return nil, err
		}
		owned = owned.Union(fields)
	}
	if !found {
		return live, nil
	}
	raw, err := owned.ToJSON()
	if err != nil {
		return nil, err
	}
	ours.FieldsV1 = &metav1.FieldsV1{Raw: raw}
	patch, err := json.Marshal([]map[string]any{
		{"op": "replace", "path": "/metadata/managedFields", "value": append(others, ours)},
		{"op": "replace", "path": "/metadata/resourceVersion", "value": live.GetResourceVersion()},
	})
	if err != nil {
		return nil, err
	}
	return client.Patch(ctx, live.GetName(), types.JSONPatchType, patch, metav1.PatchOptions{})
}

func fieldSet(entry metav1.ManagedFieldsEntry) (*fieldpath.Set, error) {
	set := fieldpath.NewSet()
	if entry.FieldsV1 == nil {
		return set, nil
	}
	return set, set.FromJSON(bytes.NewReader(entry.FieldsV1.Raw))
}

// ignoreChanges keeps ignored fields as they are: those of other field managers are left out of what is applied, our
// own are applied with the live value.
func ignoreChanges(c change, live *unstructured.Unstructured) error {
	if len(c.ignore) == 0 {
		return nil
	}
	ours, theirs := fieldpath.NewSet(), fieldpath.NewSet()
	for _, entry := range live.GetManagedFields() {
		fields, err := fieldSet(entry)
		if err != nil {
			return err
		}
		if entry.Manager == c.manager {
			ours = ours.Union(fields)
		} else {
			theirs = theirs.Union(fields)
		}
	}
	for _, ignore := range c.ignore {
		path, keys, err := fieldPath(ignore)
		if err != nil {
			return err
		}
		if holds(theirs, path) && !holds(ours, path) {
			unstructured.RemoveNestedField(c.inputs.Object, keys...)
			continue
		}
		value, found, err := unstructured.NestedFieldCopy(live.Object, keys...)
		if err != nil {
			return fmt.Errorf("unable to parse field to ignore %q from live object: %w", ignore, err)
		}
		if found {
			if err := unstructured.SetNestedField(c.inputs.Object, value, keys...); err != nil {
				return fmt.Errorf("unable to set field %q: %w", ignore, err)
			}
		}
	}
	return nil
}

// fieldPath reads a path of ignoreChanges. Paths into arrays are not understood, by the real provider neither.
func fieldPath(text string) (fieldpath.Path, []string, error) {
	parsed, err := resource.ParsePropertyPath(text)
	if err != nil {
		return nil, nil, fmt.Errorf("unable to parse ignoreField path %q: %w", text, err)
	}
	var keys []string
	var path fieldpath.Path
	for _, step := range parsed {
		key := fmt.Sprint(step)
		keys = append(keys, key)
		path = append(path, fieldpath.PathElement{FieldName: &key})
	}
	return path, keys, nil
}

// holds is true where the set owns the path or anything below it.
func holds(set *fieldpath.Set, path fieldpath.Path) bool {
	if set.Has(path) {
		return true
	}
	for _, element := range path {
		set = set.WithPrefix(element)
	}
	return !set.Empty()
}

// relinquish gives up all fields of a field manager that the object no longer names.
func relinquish(
	ctx context.Context, client dynamic.ResourceInterface, live *unstructured.Unstructured, manager string,
) error {
	identity := &unstructured.Unstructured{Object: map[string]any{}}
	identity.SetGroupVersionKind(live.GroupVersionKind())
	identity.SetNamespace(live.GetNamespace())
	identity.SetName(live.GetName())
	_, err := apply(ctx, client, identity, metav1.ApplyOptions{FieldManager: manager})
	return err
}

func apply(
	ctx context.Context, client dynamic.ResourceInterface, obj *unstructured.Unstructured, options metav1.ApplyOptions,
) (*unstructured.Unstructured, error) {
	data, err := obj.MarshalJSON()
	if err != nil {
		return nil, err
	}
	return client.Patch(ctx, obj.GetName(), types.ApplyPatchType, data, options.ToPatchOptions())
}
