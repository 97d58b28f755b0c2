// Package diff compares what a resource has with what the program wants, in the engine's terms.
package diff

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Detailed gives a path and a kind for each difference.
//
//   - old is what is there; only what news or oldInputs name is looked at, so that what a server adds is no difference.
//   - news is what the program wants now; unknown values are resource.Computed.
//   - oldInputs is what the program wanted before: what is there but no longer in news is deleted.
//   - replacing are the paths that cannot change in place: ".spec.selector", ".spec.containers[*].image".
func Detailed(old, news, oldInputs map[string]any, replacing []string) map[string]*pulumirpc.PropertyDiff {
	d := &detailed{replacing: parsePatterns(replacing), found: map[string]*pulumirpc.PropertyDiff{}}
	d.maps(nil, old, news, oldInputs)
	return d.found
}

// Replaces are the paths among the differences that ask for a replacement, in order.
func Replaces(differences map[string]*pulumirpc.PropertyDiff) []string {
	var paths []string
	for _, path := range slices.Sorted(maps.Keys(differences)) {
		switch differences[path].Kind {
		case pulumirpc.PropertyDiff_ADD_REPLACE, pulumirpc.PropertyDiff_DELETE_REPLACE,
			pulumirpc.PropertyDiff_UPDATE_REPLACE:
			paths = append(paths, path)
		case pulumirpc.PropertyDiff_DELETE:
			if path == "metadata" {
				paths = append(paths, path)
			}
		}
	}
	return paths
}

// WithoutIgnored drops the differences at or below the paths of ignoreChanges.
func WithoutIgnored(differences map[string]*pulumirpc.PropertyDiff, ignored []string) error {
	for _, ignore := range ignored {
		ignorePath, err := resource.ParsePropertyPath(ignore)
		if err != nil {
			return err
		}
		for path := range differences {
			parsed, err := resource.ParsePropertyPath(path)
			if err != nil {
				return err
			}
			if ignorePath.Contains(parsed) {
				delete(differences, path)
			}
		}
	}
	return nil
}

// absent stands for "no such key", which is not the same as a null.
type absent struct{}

type detailed struct {
	replacing []pattern
	found     map[string]*pulumirpc.PropertyDiff
}

func (d *detailed) maps(at path, old, news, oldInputs map[string]any) {
	for key, value := range news {
		d.value(append(slices.Clip(at), key), get(old, key), value, get(oldInputs, key))
	}
	for key := range oldInputs {
		if _, wanted := news[key]; wanted {
			continue
		}
		d.add(append(slices.Clip(at), key), pulumirpc.PropertyDiff_DELETE, nil)
	}
}

func (d *detailed) value(at path, old, value, oldInput any) {
	switch value := value.(type) {
	case nil:
		if old != (absent{}) && old != nil {
			d.add(at, pulumirpc.PropertyDiff_DELETE, nil)
		}
		return
	case resource.Computed:
		d.changed(at, old, nil)
		return
	case map[string]any:
		if oldMap, ok := old.(map[string]any); ok {
			oldInputMap, _ := oldInput.(map[string]any)
			d.maps(at, oldMap, value, oldInputMap)
			return
		}
	case []any:
		if oldArray, ok := old.([]any); ok {
			oldInputArray, _ := oldInput.([]any)
			d.arrays(at, oldArray, value, oldInputArray)
			return
		}
	}
	if !equal(old, value) {
		d.changed(at, old, value)
	}
}

func (d *detailed) arrays(at path, old, news, oldInputs []any) {
	element := func(array []any, i int) any {
		if i < len(array) {
			return array[i]
		}
		return absent{}
	}
	for i := range max(len(old), len(news)) {
		here := append(slices.Clip(at), i)
		if i < len(news) {
			d.value(here, element(old, i), news[i], element(oldInputs, i))
		} else {
			d.add(here, pulumirpc.PropertyDiff_DELETE, nil)
		}
	}
}

func (d *detailed) changed(at path, old, value any) {
	if old == (absent{}) {
		d.add(at, pulumirpc.PropertyDiff_ADD, value)
	} else {
		d.add(at, pulumirpc.PropertyDiff_UPDATE, value)
	}
}

// replacement is the kind that the engine knows for a difference that cannot be made in place.
var replacement = map[pulumirpc.PropertyDiff_Kind]pulumirpc.PropertyDiff_Kind{
	pulumirpc.PropertyDiff_ADD:    pulumirpc.PropertyDiff_ADD_REPLACE,
	pulumirpc.PropertyDiff_DELETE: pulumirpc.PropertyDiff_DELETE_REPLACE,
	pulumirpc.PropertyDiff_UPDATE: pulumirpc.PropertyDiff_UPDATE_REPLACE,
}

func (d *detailed) add(at path, kind pulumirpc.PropertyDiff_Kind, value any) {
	inputDiff := kind == pulumirpc.PropertyDiff_DELETE
	if slices.ContainsFunc(d.replacing, func(p pattern) bool { return p.matches(at, value) }) {
		kind = replacement[kind]
	}
	d.found[at.String()] = &pulumirpc.PropertyDiff{Kind: kind, InputDiff: inputDiff}
}

func get(m map[string]any, key string) any {
	if value, ok := m[key]; ok {
		return value
	}
	return absent{}
}
