package main

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// diff tells the engine which properties a plan changes.
func diff(k kind, prior, planned resource.PropertyMap, replacing []string) *pulumirpc.DiffResponse {
	found := map[string]*pulumirpc.PropertyDiff{}
	for _, p := range k.properties {
		if !differs(prior, planned, p.name) {
			continue
		}
		change := pulumirpc.PropertyDiff_UPDATE
		switch {
		case !given(prior, p.name):
			change = pulumirpc.PropertyDiff_ADD
		case !given(planned, p.name):
			change = pulumirpc.PropertyDiff_DELETE
		}
		if slices.Contains(replacing, string(p.name)) {
			// Each kind is followed by the same with a replacement.
			change++
		}
		found[string(p.name)] = &pulumirpc.PropertyDiff{Kind: change}
	}
	if len(found) == 0 {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}
	}
	slices.Sort(replacing)
	return &pulumirpc.DiffResponse{
		Changes:         pulumirpc.DiffResponse_DIFF_SOME,
		Diffs:           slices.Sorted(maps.Keys(found)),
		Replaces:        replacing,
		DetailedDiff:    found,
		HasDetailedDiff: true,
	}
}
