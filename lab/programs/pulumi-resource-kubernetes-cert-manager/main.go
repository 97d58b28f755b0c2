// Command pulumi-resource-kubernetes-cert-manager is a double of the component provider kubernetes-cert-manager 0.2.0, for
// machines that cannot download the real one: its one component, CertManager, installs cert-manager's chart as a Helm release.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	component "github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"weft/lab/programs/internal/plugin"
)

const token = "kubernetes-cert-manager:index:CertManager"

func main() {
	p := &provider{Base: plugin.New("kubernetes-cert-manager", "0.2.0"), chart: os.Getenv("WEFT_LAB_CERT_MANAGER_CHART")}
	plugin.Serve(p, &p.Base)
}

type provider struct {
	plugin.Base
	// chart is the path of the chart that is installed where the program names none; empty: the real one's default.
	chart string
}

func (p *provider) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: req.GetNews()}, nil
}

func (p *provider) DiffConfig(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{}, nil
}

func (p *provider) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, AcceptResources: true, SupportsPreview: true}, nil
}

type certManager struct {
	pulumi.ResourceState
	Status pulumi.AnyOutput `pulumi:"status"`
}

type helmRelease struct {
	pulumi.CustomResourceState
	Status pulumi.AnyOutput `pulumi:"status"`
}

// Construct registers the component, and under it the release. The component's inputs become the release's before the SDK
// sees them: so an unknown or secret input makes nothing else unknown or secret.
func (p *provider) Construct(ctx context.Context, req *pulumirpc.ConstructRequest) (*pulumirpc.ConstructResponse, error) {
	if req.GetType() != token {
		return nil, fmt.Errorf("the lab's double of the kubernetes-cert-manager provider has no component %s", req.GetType())
	}
	inputs, err := plugin.Read(req.GetInputs())
	if err != nil {
		return nil, err
	}
	release, err := releaseOf(inputs, p.chart)
	if err != nil {
		return nil, err
	}
	if req.Inputs, err = plugin.Write(release); err != nil {
		return nil, err
	}
	all := &pulumirpc.ConstructRequest_PropertyDependencies{}
	for _, dependencies := range req.GetInputDependencies() {
		all.Urns = append(all.Urns, dependencies.GetUrns()...)
	}
	req.InputDependencies = map[string]*pulumirpc.ConstructRequest_PropertyDependencies{}
	for key := range release {
		req.InputDependencies[string(key)] = all
	}
	return component.Construct(ctx, req, p.Engine.Connection(), construct)
}

func construct(
	ctx *pulumi.Context, typ, name string, inputs component.ConstructInputs, options pulumi.ResourceOption,
) (*component.ConstructResult, error) {
	release, err := inputs.Map()
	if err != nil {
		return nil, err
	}
	manager := &certManager{}
	if err := ctx.RegisterComponentResource(typ, name, manager, options); err != nil {
		return nil, err
	}
	helm := &helmRelease{}
	if err := ctx.RegisterResource("kubernetes:helm.sh/v3:Release", name+"-helm", release, helm, pulumi.Parent(manager)); err != nil {
		return nil, err
	}
	manager.Status = helm.Status
	if err := ctx.RegisterResourceOutputs(manager, pulumi.Map{"status": helm.Status}); err != nil {
		return nil, err
	}
	return component.NewConstructResult(manager)
}
