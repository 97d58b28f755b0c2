package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"

	"weft/lab/doubles/internal/plugin"
	"weft/lab/doubles/kubernetes/object"
	"weft/lab/doubles/kubernetes/release"
)

// provider routes each call to what manages the resource's type.
type provider struct {
	plugin.Base
	objects  *object.Provider
	releases *release.Provider
}

// manager is what answers the calls for a resource.
type manager interface {
	Check(context.Context, *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error)
	Diff(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error)
	Create(context.Context, *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error)
	Read(context.Context, *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error)
	Update(context.Context, *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error)
	Delete(context.Context, *pulumirpc.DeleteRequest) (*emptypb.Empty, error)
}

func (p *provider) manager(urn string) (manager, error) {
	if p.objects == nil {
		return nil, errors.New("the kubernetes provider is used before it is configured")
	}
	resourceURN, err := resource.ParseURN(urn)
	if err != nil {
		return nil, err
	}
	kind := resourceURN.Type()
	if kind == release.Type {
		return p.releases, nil
	}
	unsupported := object.Unsupported(resourceURN)
	for _, prefix := range []string{"kubernetes:helm.sh/", "kubernetes:yaml", "kubernetes:kustomize"} {
		if strings.HasPrefix(string(kind), prefix) {
			unsupported = string(kind)
		}
	}
	if unsupported != "" {
		return nil, unsupportedError(fmt.Sprintf("%s (%s)", unsupported, kind))
	}
	return p.objects, nil
}

func unsupportedError(what string) error {
	return fmt.Errorf("the lab's double of the kubernetes provider does not support %s; put the real plugin "+
		"pulumi-resource-kubernetes %s on the PATH to use it", what, version)
}

func (p *provider) Check(ctx context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	m, err := p.manager(req.GetUrn())
	if err != nil {
		return nil, err
	}
	return m.Check(ctx, req)
}

func (p *provider) Diff(ctx context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	m, err := p.manager(req.GetUrn())
	if err != nil {
		return nil, err
	}
	return m.Diff(ctx, req)
}

func (p *provider) Create(ctx context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	m, err := p.manager(req.GetUrn())
	if err != nil {
		return nil, err
	}
	return m.Create(ctx, req)
}

func (p *provider) Update(ctx context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	m, err := p.manager(req.GetUrn())
	if err != nil {
		return nil, err
	}
	return m.Update(ctx, req)
}

func (p *provider) Delete(ctx context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	m, err := p.manager(req.GetUrn())
	if err != nil {
		return nil, err
	}
	return m.Delete(ctx, req)
}

func (p *provider) Read(ctx context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	m, err := p.manager(req.GetUrn())
	if err != nil {
		return nil, err
	}
	unreachable := p.objects.Unreachable
	if unreachable == nil {
		return m.Read(ctx, req)
	}
	p.Engine.Warn(ctx, req.GetUrn(), fmt.Sprintf("configured Kubernetes cluster is unreachable: %v", unreachable))
	if p.objects.DeleteUnreachable {
		return &pulumirpc.ReadResponse{}, nil
	}
	return nil, errors.New("failed to read resource state due to unreachable cluster. If the cluster was deleted, you " +
		"can remove this resource from Pulumi state by rerunning the operation with the " +
		"PULUMI_K8S_DELETE_UNREACHABLE environment variable set to \"true\"")
}

func (p *provider) Invoke(_ context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	return nil, unsupportedError("the function " + req.GetTok())
}

func (p *provider) Construct(_ context.Context, req *pulumirpc.ConstructRequest) (*pulumirpc.ConstructResponse, error) {
	return nil, unsupportedError("the component " + req.GetType())
}

func (p *provider) Parameterize(
	context.Context, *pulumirpc.ParameterizeRequest,
) (*pulumirpc.ParameterizeResponse, error) {
	return nil, unsupportedError("packages made of CustomResourceDefinitions")
}
