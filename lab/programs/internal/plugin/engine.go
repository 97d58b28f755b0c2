package plugin

import (
	"context"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Engine is the engine's log. Without an engine (a test that calls the double itself) messages go nowhere.
type Engine struct {
	mu     sync.Mutex
	conn   *grpc.ClientConn
	client pulumirpc.EngineClient
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
	e.client = pulumirpc.NewEngineClient(conn)
	return nil
}

// Warn shows a warning on the resource. It stays in the output.
func (e *Engine) Warn(ctx context.Context, urn, message string) {
	e.log(ctx, &pulumirpc.LogRequest{Severity: pulumirpc.LogSeverity_WARNING, Urn: urn, Message: message})
}

// Status shows what the resource is doing now. The next status takes its place.
func (e *Engine) Status(ctx context.Context, urn, message string) {
	e.log(ctx, &pulumirpc.LogRequest{
		Severity: pulumirpc.LogSeverity_INFO, Urn: urn, Message: message, Ephemeral: true,
	})
}

// log drops messages that cannot be delivered: an operation must not fail because nobody reads about it.
func (e *Engine) log(ctx context.Context, message *pulumirpc.LogRequest) {
	e.mu.Lock()
	client := e.client
	e.mu.Unlock()
	if client != nil {
		_, _ = client.Log(ctx, message)
	}
}
