package plugin

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"google.golang.org/protobuf/types/known/structpb"
)

// options keep all that the protocol can carry: secrets and unknown values among it.
var options = plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, KeepResources: true}

// Read unmarshals the properties of a request. Secrets and unknown values are kept; nil gives an empty map.
func Read(properties *structpb.Struct) (resource.PropertyMap, error) {
	return plugin.UnmarshalProperties(properties, options)
}

// Write marshals the properties of an answer. Secrets and unknown values are kept.
func Write(properties resource.PropertyMap) (*structpb.Struct, error) {
	return plugin.MarshalProperties(properties, options)
}
