package release

import (
	"context"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/storage/driver"

	"weft/lab/doubles/internal/plugin"
	"weft/lab/doubles/kubernetes/state"
)

// Read gives what Helm knows of the release. Without a state (an import) it makes the inputs from that.
func (p *Provider) Read(_ context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	olds, err := plugin.Read(req.GetProperties())
	if err != nil {
		return nil, err
	}
	release, err := decode(olds)
	if err != nil {
		return nil, err
	}
	namespace, name := release.Namespace, release.Name
	if len(olds) == 0 {
		namespace, name = state.ParseID(req.GetId())
	}
	helm, err := p.helm(namespace)
	if err != nil {
		return nil, err
	}
	live, err := action.NewGet(helm).Run(name)
	if errors.Is(err, driver.ErrReleaseNotFound) {
		return &pulumirpc.ReadResponse{}, nil
	} else if err != nil {
		return nil, err
	}
	if err := release.observe(live); err != nil {
		return nil, err
	}
	inputs := inputsOf(olds)
	if inputs == nil {
		inputs = resource.NewPropertyMap(release)
		delete(inputs, "resourceNames")
		delete(inputs, "status")
		p.setDefaults(inputs)
	}
	answer := &pulumirpc.ReadResponse{Id: req.GetId()}
	if answer.Properties, err = plugin.Write(release.checkpoint(inputs, false)); err != nil {
		return nil, err
	}
	answer.Inputs, err = plugin.Write(inputs)
	return answer, err
}

// Delete uninstalls the release and waits until its objects are gone.
func (p *Provider) Delete(ctx context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	if p.Unreachable != nil {
		return nil, fmt.Errorf("can't delete Helm Release with unreachable cluster. Reason: %q", p.Unreachable)
	}
	olds, err := plugin.Read(req.GetProperties())
	if err != nil {
		return nil, err
	}
	release, err := decode(olds)
	if err != nil {
		return nil, err
	}
	helm, err := p.helm(release.Namespace)
	if err != nil {
		return nil, err
	}
	uninstall := action.NewUninstall(helm)
	if release.Atomic || !release.SkipAwait {
		uninstall.Wait, uninstall.Timeout = true, timeout(release)
	}
	result, err := uninstall.Run(release.Name)
	if err != nil {
		return nil, err
	}
	if result.Info != "" {
		p.Engine.Warn(ctx, req.GetUrn(), fmt.Sprintf("Helm uninstall returned information: %q", result.Info))
	}
	return &emptypb.Empty{}, nil
}
