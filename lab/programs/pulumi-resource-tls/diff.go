package main

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

type changes map[string]*pulumirpc.PropertyDiff

// diff tells the engine what a plan changes, down to list elements and fields of the subject.
func diff(k kind, prior, planned resource.PropertyMap, replaces []string) *pulumirpc.DiffResponse {
	found := changes{}
	var changed []string
	for _, p := range k.properties {
		if !differs(prior, planned, p.name) {
			continue
		}
		changed = append(changed, p.name)
		key := resource.PropertyKey(p.name)
		found.compare(resource.PropertyPath{p.name}, prior[key], planned[key])
	}
	if len(changed) == 0 {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}
	}
	found.promote(replaces)
	slices.Sort(changed)
	slices.Sort(replaces)
	return &pulumirpc.DiffResponse{
		Changes:         pulumirpc.DiffResponse_DIFF_SOME,
		Diffs:           changed,
		Replaces:        replaces,
		DetailedDiff:    found,
		HasDetailedDiff: true,
	}
}

func (c changes) add(path resource.PropertyPath, kind pulumirpc.PropertyDiff_Kind) {
	key := path.String()
	if _, twice := c[key]; twice {
		kind = pulumirpc.PropertyDiff_UPDATE
	}
	c[key] = &pulumirpc.PropertyDiff{Kind: kind}
}

func (c changes) compare(path resource.PropertyPath, before, after resource.PropertyValue) {
	switch {
	case before.IsNull() && after.IsNull():
	case before.IsNull():
		c.add(path, pulumirpc.PropertyDiff_ADD)
	case after.IsNull():
		c.add(path, pulumirpc.PropertyDiff_DELETE)
	case before.IsArray() && after.IsArray():
		c.compareLists(path, before.ArrayValue(), after.ArrayValue())
	case before.IsObject() && after.IsObject():
		for _, f := range subjectFields {
			key := resource.PropertyKey(f.name)
			c.compare(append(slices.Clone(path), f.name), before.ObjectValue()[key], after.ObjectValue()[key])
		}
	case !before.DeepEquals(after):
		c.add(path, pulumirpc.PropertyDiff_UPDATE)
	}
}

// compareLists marks what is outside of a longest common subsequence: removed elements by their old index, new ones by
// their new index.
func (c changes) compareLists(path resource.PropertyPath, before, after []resource.PropertyValue) {
	common := make([][]int, len(before)+1)
	for i := range common {
		common[i] = make([]int, len(after)+1)
	}
	for i := len(before) - 1; i >= 0; i-- {
		for j := len(after) - 1; j >= 0; j-- {
			if before[i].DeepEquals(after[j]) {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(before) || j < len(after) {
		switch {
		case i < len(before) && j < len(after) && before[i].DeepEquals(after[j]):
			i, j = i+1, j+1
		case j == len(after) || i < len(before) && common[i+1][j] >= common[i][j+1]:
			c.add(append(slices.Clone(path), i), pulumirpc.PropertyDiff_DELETE)
			i++
		default:
			c.add(append(slices.Clone(path), j), pulumirpc.PropertyDiff_ADD)
			j++
		}
	}
}

var replacing = map[pulumirpc.PropertyDiff_Kind]pulumirpc.PropertyDiff_Kind{
	pulumirpc.PropertyDiff_ADD:    pulumirpc.PropertyDiff_ADD_REPLACE,
	pulumirpc.PropertyDiff_DELETE: pulumirpc.PropertyDiff_DELETE_REPLACE,
	pulumirpc.PropertyDiff_UPDATE: pulumirpc.PropertyDiff_UPDATE_REPLACE,
}

// promote marks the changes of the given properties as reasons to replace.
func (c changes) promote(replaces []string) {
	for path, change := range c {
		property, _, _ := strings.Cut(path, ".")
		property, _, _ = strings.Cut(property, "[")
		if slices.Contains(replaces, property) {
			change.Kind = replacing[change.Kind]
		}
	}
}
