package state

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/structpb"
)

// Reasons is an error that knows the single causes behind it.
type Reasons interface{ Reasons() []string }

// Unready is the error for a resource that is there but not ready: the engine keeps its state, and the reasons.
func Unready(id string, err error, properties, inputs *structpb.Struct) error {
	reasons := []string{err.Error()}
	var causes Reasons
	if errors.As(err, &causes) {
		reasons = append(reasons, causes.Reasons()...)
	}
	return rpcerror.WithDetails(rpcerror.New(codes.Unknown, err.Error()), &pulumirpc.ErrorResourceInitFailed{
		Id: id, Properties: properties, Reasons: reasons, Inputs: inputs,
	})
}
