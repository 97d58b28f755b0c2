package release

import (
	"context"
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"weft/lab/doubles/internal/plugin"
	"weft/lab/doubles/kubernetes/diff"
	"weft/lab/doubles/kubernetes/state"
)

// Diff compares the inputs with the state, which tells drift of the release itself as well.
func (p *Provider) Diff(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	olds, err := plugin.Read(req.GetOlds())
	if err != nil {
		return nil, err
	}
	news, err := plugin.Read(req.GetNews())
	if err != nil {
		return nil, err
	}
	if slices.Contains(req.GetIgnoreChanges(), "version") {
		news["version"] = olds["version"]
	}
	oldInputs := inputsOf(olds)
	delete(oldInputs, "checksum")
	delete(oldInputs, "resourceNames")

	wanted := bare(news)
	differences := diff.Detailed(bare(olds), wanted, bare(oldInputs), []string{".name", ".namespace"})
	if len(differences) == 0 {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
	}
	changed := map[string]bool{}
	for path := range differences {
		parsed, err := resource.ParsePropertyPath(path)
		if err != nil {
			return nil, err
		}
		changed[parsed[0].(string)] = true
	}
	return &pulumirpc.DiffResponse{
		Changes:         pulumirpc.DiffResponse_DIFF_SOME,
		Replaces:        diff.Replaces(differences),
		Diffs:           slices.Sorted(maps.Keys(changed)),
		DetailedDiff:    differences,
		HasDetailedDiff: true,
	}, nil
}

func bare(properties resource.PropertyMap) map[string]any { return properties.MapRepl(nil, state.Bare) }
