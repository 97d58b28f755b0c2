package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"weft/lab/programs/internal/plugin"
)

type provider struct {
	plugin.Base
	now func() time.Time
}

func (p *provider) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: req.GetNews()}, nil
}

func (p *provider) DiffConfig(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{}, nil
}

func (p *provider) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{
		AcceptResources: true, SupportsPreview: true, SupportsAutonamingConfiguration: true,
	}, nil
}

func (p *provider) Check(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	k, err := kindOf(req.GetUrn())
	if err != nil {
		return nil, err
	}
	inputs, err := plugin.Read(req.GetNews())
	if err != nil {
		return nil, err
	}
	var failures []*pulumirpc.CheckFailure
	for _, reason := range validate(k, inputs) {
		failures = append(failures, &pulumirpc.CheckFailure{Reason: reason})
	}
	// Here, unlike in a state, an unknown value is marked too.
	for _, property := range k.properties {
		key := resource.PropertyKey(property.name)
		if property.secret && given(inputs, key) {
			inputs[key] = resource.MakeSecret(inputs[key])
		}
	}
	checked, err := plugin.Write(inputs)
	return &pulumirpc.CheckResponse{Inputs: checked, Failures: failures}, err
}

func (p *provider) Diff(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	k, err := kindOf(req.GetUrn())
	if err != nil {
		return nil, err
	}
	prior, inputs, err := readBoth(req.GetOlds(), req.GetNews())
	if err != nil {
		return nil, err
	}
	planned, replaces, err := plan(k, prior, inputs, p.now())
	if err != nil {
		return nil, err
	}
	return diff(k, prior, planned, replaces), nil
}

func (p *provider) Create(_ context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	k, err := kindOf(req.GetUrn())
	if err != nil {
		return nil, err
	}
	inputs, err := plugin.Read(req.GetProperties())
	if err != nil {
		return nil, err
	}
	planned, _, err := plan(k, nil, inputs, p.now())
	if err != nil {
		return nil, err
	}
	if req.GetPreview() {
		properties, err := plugin.Write(secrets(k, planned))
		return &pulumirpc.CreateResponse{Properties: properties}, err
	}

	outputs, err := k.create(planned, p.now())
	if err != nil {
		return nil, err
	}
	maps.Copy(planned, outputs)
	for key, v := range planned {
		// What creation did not set is not set: a path length without limit.
		if v.IsComputed() {
			delete(planned, key)
		}
	}
	properties, err := plugin.Write(stored(k, planned))
	return &pulumirpc.CreateResponse{Id: text(outputs, "id"), Properties: properties}, err
}

// Update changes the state alone: whatever would need another key or certificate is a replacement.
func (p *provider) Update(_ context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	k, err := kindOf(req.GetUrn())
	if err != nil {
		return nil, err
	}
	prior, inputs, err := readBoth(req.GetOlds(), req.GetNews())
	if err != nil {
		return nil, err
	}
	planned, _, err := plan(k, prior, inputs, p.now())
	if err != nil {
		return nil, err
	}
	if req.GetPreview() {
		properties, err := plugin.Write(secrets(k, planned))
		return &pulumirpc.UpdateResponse{Properties: properties}, err
	}
	properties, err := plugin.Write(stored(k, planned))
	return &pulumirpc.UpdateResponse{Properties: properties}, err
}

// Read reads the state that the engine has: nothing else holds a key or a certificate. Only time changes it.
func (p *provider) Read(_ context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	k, err := kindOf(req.GetUrn())
	if err != nil {
		return nil, err
	}
	state, oldInputs, err := readBoth(req.GetProperties(), req.GetInputs())
	if err != nil {
		return nil, err
	}
	if len(state) == 0 {
		return nil, errors.New("Resource Import Not Implemented: This resource does not support import. " +
			"A key or a certificate lives in the state alone")
	}
	due, err := renewalDue(state, p.now())
	if err != nil {
		return nil, err
	}
	if due {
		state["readyForRenewal"] = resource.NewBoolProperty(true)
	}
	outputs := stored(k, state)
	inputs := resource.PropertyMap{}
	for key := range oldInputs {
		if given(outputs, key) {
			inputs[key] = outputs[key]
		}
	}
	properties, err := plugin.Write(outputs)
	if err != nil {
		return nil, err
	}
	read, err := plugin.Write(inputs)
	return &pulumirpc.ReadResponse{Id: text(state, "id"), Properties: properties, Inputs: read}, err
}

// Delete forgets. What was issued stays valid until its end: nothing here revokes.
func (p *provider) Delete(context.Context, *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func kindOf(urn string) (kind, error) {
	parsed, err := resource.ParseURN(urn)
	if err != nil {
		return kind{}, err
	}
	k, ok := kinds[string(parsed.Type())]
	if !ok {
		return kind{}, fmt.Errorf("the lab's double of the tls provider has no resource %s", parsed.Type())
	}
	return k, nil
}

func readBoth(a, b *structpb.Struct) (resource.PropertyMap, resource.PropertyMap, error) {
	first, err := plugin.Read(a)
	if err != nil {
		return nil, nil, err
	}
	second, err := plugin.Read(b)
	return first, second, err
}
