package main

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// diff tells the engine which properties a plan changes.
func diff(k kind, prior, planned resource.PropertyMap, replaces []string) *pulumirpc.DiffResponse {
	found := map[string]*pulumirpc.PropertyDiff{}
	var changed []string
	for _, p := range k.properties {
		if !differs(prior, planned, p.name) {
			continue
		}
		changed = append(changed, p.name)
		key := resource.PropertyKey(p.name)
		change := kindOfChange(given(prior, key), given(planned, key), slices.Contains(replaces, p.name))
		found[p.name] = &pulumirpc.PropertyDiff{Kind: change}
	}
	if len(changed) == 0 {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}
	}
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

func kindOfChange(before, after, replaces bool) pulumirpc.PropertyDiff_Kind {
	change := pulumirpc.PropertyDiff_UPDATE
	switch {
	case !before:
		change = pulumirpc.PropertyDiff_ADD
	case !after:
		change = pulumirpc.PropertyDiff_DELETE
	}
	if replaces {
		// Each kind is followed by the same with a replacement.
		change++
	}
	return change
}
