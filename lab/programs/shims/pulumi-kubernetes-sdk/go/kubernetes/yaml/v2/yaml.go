package v2

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func RegisterResource(*pulumi.Context, string, string, string, pulumi.Input, ...pulumi.ResourceOption) (pulumi.CustomResource, error) {
	return nil, errors.New("this build of the kubernetes provider has no component resources")
}
