package main

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// secrets marks what the provider knows to be secret. Unknown values stay bare, as with the real provider.
func secrets(k kind, properties resource.PropertyMap) resource.PropertyMap {
	marked := properties.Copy()
	for _, p := range k.properties {
		key := resource.PropertyKey(p.name)
		if v := marked[key]; p.secret && v.IsString() {
			marked[key] = resource.MakeSecret(v)
		}
	}
	return marked
}

// stored is a resource's state as the engine keeps it: secrets marked, and with what the real provider needs to turn
// it back into Terraform's state, so that a stack made with the double can go on with the real one.
func stored(k kind, state resource.PropertyMap) resource.PropertyMap {
	kept := resource.PropertyMap{}
	for _, p := range k.properties {
		if key := resource.PropertyKey(p.name); given(state, key) {
			kept[key] = state[key]
		}
	}
	delta := rawStateDelta(k, kept)
	kept = secrets(k, kept)
	kept["__pulumi_raw_state_delta"] = delta
	if k.schemaVersion != "" {
		kept["__meta"] = resource.NewStringProperty(fmt.Sprintf(`{"schema_version":%q}`, k.schemaVersion))
	}
	return kept
}

// rawStateDelta says where Terraform's state differs from the properties: what is absent here is null there, and a list
// with at most one element there is an object here. The format is pulumi-terraform-bridge's RawStateDelta (pkg/tfbridge/rawstate.go).
func rawStateDelta(k kind, state resource.PropertyMap) resource.PropertyValue {
	fields := resource.PropertyMap{}
	for _, p := range k.properties {
		key := resource.PropertyKey(p.name)
		switch v := state[key]; {
		case key == "subject" && v.IsNull():
			fields[key] = replaceRaw([]any{})
		case v.IsNull():
			fields[key] = replaceRaw(nil)
		case v.IsArray():
			fields[key] = object("arr", resource.PropertyMap{})
		case v.IsObject():
			fields[key] = subjectDelta(v.ObjectValue())
		}
	}
	whole := resource.PropertyMap{}
	if len(fields) > 0 {
		whole["ps"] = resource.NewObjectProperty(fields)
	}
	return object("obj", whole)
}

func subjectDelta(subject resource.PropertyMap) resource.PropertyValue {
	fields := resource.PropertyMap{}
	for _, f := range subjectFields {
		key := resource.PropertyKey(f)
		switch v := subject[key]; {
		case v.IsNull():
			fields[key] = replaceRaw(nil)
		case v.IsArray():
			fields[key] = object("arr", resource.PropertyMap{})
		}
	}
	inner := resource.PropertyMap{
		"renamed": resource.NewPropertyValue(map[string]any{streetAddresses: "street_address"}),
	}
	if len(fields) > 0 {
		inner["ps"] = resource.NewObjectProperty(fields)
	}
	return object("plu", resource.PropertyMap{"i": object("obj", inner)})
}

func replaceRaw(raw any) resource.PropertyValue {
	return resource.MakeSecret(resource.NewPropertyValue(map[string]any{"replace": map[string]any{"raw": raw}}))
}

func object(key resource.PropertyKey, value resource.PropertyMap) resource.PropertyValue {
	return resource.NewObjectProperty(resource.PropertyMap{key: resource.NewObjectProperty(value)})
}
