package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

type double struct {
	pulumirpc.UnimplementedResourceProviderServer
	now func() time.Time
}

func (d *double) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: "5.6.1"}, nil
}

func (d *double) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: req.GetNews()}, nil
}

func (d *double) DiffConfig(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{}, nil
}

func (d *double) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{
		AcceptResources: true, SupportsPreview: true, SupportsAutonamingConfiguration: true,
	}, nil
}

func (d *double) Check(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	k, inputs, _, err := received(req.GetUrn(), req.GetNews(), nil)
	if err != nil {
		return nil, err
	}
	var failures []*pulumirpc.CheckFailure
	for _, reason := range validate(k, inputs) {
		failures = append(failures, &pulumirpc.CheckFailure{Reason: reason})
	}
	// Here, unlike in a state, an unknown value is marked too.
	for _, p := range k.properties {
		if p.has(secret) && given(inputs, p.name) {
			inputs[p.name] = resource.MakeSecret(inputs[p.name])
		}
	}
	checked, err := write(inputs)
	return &pulumirpc.CheckResponse{Inputs: checked, Failures: failures}, err
}

func (d *double) Diff(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	k, prior, inputs, err := received(req.GetUrn(), req.GetOlds(), req.GetNews())
	if err != nil {
		return nil, err
	}
	planned, replaces, err := plan(k, prior, inputs, d.now())
	if err != nil {
		return nil, err
	}
	return diff(k, prior, planned, replaces), nil
}

func (d *double) Create(_ context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	k, _, inputs, err := received(req.GetUrn(), nil, req.GetProperties())
	if err != nil {
		return nil, err
	}
	planned, _, err := plan(k, nil, inputs, d.now())
	if err != nil {
		return nil, err
	}
	if !req.GetPreview() {
		outputs, err := k.create(planned, d.now())
		if err != nil {
			return nil, err
		}
		maps.Copy(planned, outputs)
		// What creation did not set is not set: a path length without limit.
		maps.DeleteFunc(planned, func(_ resource.PropertyKey, v resource.PropertyValue) bool { return v.IsComputed() })
	}
	properties, err := answer(k, planned, req.GetPreview())
	return &pulumirpc.CreateResponse{Id: text(planned, "id"), Properties: properties}, err
}

// Update changes the state alone: whatever would need another key or certificate is a replacement.
func (d *double) Update(_ context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	k, prior, inputs, err := received(req.GetUrn(), req.GetOlds(), req.GetNews())
	if err != nil {
		return nil, err
	}
	planned, _, err := plan(k, prior, inputs, d.now())
	if err != nil {
		return nil, err
	}
	properties, err := answer(k, planned, req.GetPreview())
	return &pulumirpc.UpdateResponse{Properties: properties}, err
}

// Read reads the state that the engine has: nothing else holds a key or a certificate. Only time changes it.
func (d *double) Read(_ context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	k, state, inputs, err := received(req.GetUrn(), req.GetProperties(), req.GetInputs())
	if err != nil {
		return nil, err
	}
	if len(state) == 0 {
		return nil, errors.New("Resource Import Not Implemented: This resource does not support import. " +
			"A key or a certificate lives in the state alone")
	}
	due, err := renewalDue(state, d.now())
	if err != nil {
		return nil, err
	}
	if due {
		state["readyForRenewal"] = resource.NewBoolProperty(true)
	}
	id, state := text(state, "id"), stored(k, state)
	maps.DeleteFunc(inputs, func(key resource.PropertyKey, _ resource.PropertyValue) bool { return !given(state, key) })
	for key := range inputs {
		inputs[key] = state[key]
	}
	properties, err := write(state)
	if err != nil {
		return nil, err
	}
	read, err := write(inputs)
	return &pulumirpc.ReadResponse{Id: id, Properties: properties, Inputs: read}, err
}

// Delete forgets. What was issued stays valid until its end: nothing here revokes.
func (d *double) Delete(context.Context, *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// received reads the properties that came with a call about a resource. What did not come is nil.
func received(urn string, a, b *structpb.Struct) (k kind, first, second resource.PropertyMap, err error) {
	parsed, err := resource.ParseURN(urn)
	if err != nil {
		return
	}
	k, ok := kinds[string(parsed.Type())]
	if !ok {
		err = fmt.Errorf("the lab's double of the tls provider has no resource %s", parsed.Type())
		return
	}
	if first, err = read(a); err == nil {
		second, err = read(b)
	}
	return
}

// options keep all that the protocol can carry: secrets and unknown values among it.
var options = plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, KeepResources: true}

func read(properties *structpb.Struct) (resource.PropertyMap, error) {
	if properties == nil {
		return nil, nil
	}
	return plugin.UnmarshalProperties(properties, options)
}

func write(properties resource.PropertyMap) (*structpb.Struct, error) {
	return plugin.MarshalProperties(properties, options)
}

// answer is a resource as it was planned: in a preview without what only a state has.
func answer(k kind, planned resource.PropertyMap, preview bool) (*structpb.Struct, error) {
	if preview {
		return write(secrets(k, planned))
	}
	return write(stored(k, planned))
}
