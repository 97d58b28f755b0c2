package plugin

import (
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Engine is the engine that started a double. A test that calls the double itself has none.
type Engine struct {
	mu   sync.Mutex
	conn *grpc.ClientConn
}

// Connection is the connection to the engine; nil without one.
func (e *Engine) Connection() *grpc.ClientConn {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.conn
}

func (e *Engine) connect(address string) error {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()),
		rpcutil.GrpcChannelOptions())
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.conn = conn
	return nil
}
