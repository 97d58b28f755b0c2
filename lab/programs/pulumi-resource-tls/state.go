package main

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// secrets marks what the provider knows to be secret. Unknown values stay bare, as with the real provider.
func secrets(k kind, properties resource.PropertyMap) resource.PropertyMap {
	marked := properties.Copy()
	for _, p := range k.properties {
		if v := marked[p.name]; p.has(secret) && v.IsString() {
			marked[p.name] = resource.MakeSecret(v)
		}
	}
	return marked
}

// stored is a resource's state as the engine keeps it: secrets marked, and with what the real provider needs to turn
// it back into Terraform's state, so that a stack made with the double can go on with the real one.
func stored(k kind, state resource.PropertyMap) resource.PropertyMap {
	kept, names := resource.PropertyMap{}, []resource.PropertyKey{}
	for _, p := range k.properties {
		names = append(names, p.name)
		if given(state, p.name) {
			kept[p.name] = state[p.name]
		}
	}
	delta := object("obj", rawStateDelta(names, kept))
	kept = secrets(k, kept)
	kept["__pulumi_raw_state_delta"] = delta
	if k.schemaVersion != "" {
		kept["__meta"] = resource.NewStringProperty(fmt.Sprintf(`{"schema_version":%q}`, k.schemaVersion))
	}
	return kept
}

// rawStateDelta says where Terraform's state differs from the properties: what is absent here is null there, and a list
// with at most one element there is an object here. The format is pulumi-terraform-bridge's RawStateDelta (pkg/tfbridge/rawstate.go).
func rawStateDelta(names []resource.PropertyKey, values resource.PropertyMap) resource.PropertyMap {
	fields := resource.PropertyMap{}
	for _, key := range names {
		switch v := values[key]; {
		case key == "subject" && v.IsNull():
			fields[key] = replaceRaw([]any{})
		case v.IsNull():
			fields[key] = replaceRaw(nil)
		case v.IsArray():
			fields[key] = object("arr", resource.PropertyMap{})
		case v.IsObject():
			subject := rawStateDelta(subjectFields, v.ObjectValue())
			subject["renamed"] = resource.NewPropertyValue(map[string]any{streetAddresses: "street_address"})
			fields[key] = object("plu", resource.PropertyMap{"i": object("obj", subject)})
		}
	}
	if len(fields) == 0 {
		return fields
	}
	return resource.PropertyMap{"ps": resource.NewObjectProperty(fields)}
}

func replaceRaw(raw any) resource.PropertyValue {
	return resource.MakeSecret(resource.NewPropertyValue(map[string]any{"replace": map[string]any{"raw": raw}}))
}

func object(key resource.PropertyKey, value resource.PropertyMap) resource.PropertyValue {
	return resource.NewObjectProperty(resource.PropertyMap{key: resource.NewObjectProperty(value)})
}
