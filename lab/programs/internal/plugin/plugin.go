// Package plugin is what every double shares: it serves Pulumi's provider protocol, and reads and writes properties.
package plugin

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// engineLives is how often a double asks whether its engine is still there.
const engineLives = 5 * time.Second

// Base answers the calls that no double answers differently. Embed it; New fills it.
type Base struct {
	pulumirpc.UnimplementedResourceProviderServer
	// Engine is the engine that started this double.
	Engine *Engine
	// Name and Version are those of the provider that the double stands for.
	Name, Version string
}

// New makes the Base of a double of the named provider.
func New(name, version string) Base {
	return Base{Engine: &Engine{}, Name: name, Version: version}
}

// GetPluginInfo gives the version of the provider that the double stands for.
func (b *Base) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: b.Version}, nil
}

// GetSchema gives the smallest schema that names the provider.
func (b *Base) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	schema, err := json.Marshal(map[string]string{"name": b.Name, "version": b.Version})
	return &pulumirpc.GetSchemaResponse{Schema: string(schema)}, err
}

// Attach takes another engine's address.
func (b *Base) Attach(_ context.Context, req *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, b.Engine.connect(req.GetAddress())
}

// Cancel has nothing to end: no call of a double lasts.
func (b *Base) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// Serve is a double's main: it prints its port on stdout, as the engine expects, and serves until the engine that
// started it (whose address is the first argument) is gone or interrupts it. What is under way then is finished first.
func Serve(server pulumirpc.ResourceProviderServer, base *Base) {
	if err := serve(server, base); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(server pulumirpc.ResourceProviderServer, base *Base) error {
	// The engine passes its own logging flags on to every plugin. Pulumi's SDK declares all but this one.
	flag.String("tracing", "", "ignored")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	if engine := flag.Arg(0); engine != "" {
		if err := base.Engine.connect(engine); err != nil {
			return err
		}
		if err := rpcutil.Healthcheck(ctx, engine, engineLives, stop); err != nil {
			return err
		}
	}

	finish := make(chan bool)
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: finish,
		Init: func(s *grpc.Server) error {
			pulumirpc.RegisterResourceProviderServer(s, server)
			return nil
		},
	})
	if err != nil {
		return err
	}
	fmt.Println(handle.Port)

	select {
	case err := <-handle.Done:
		return err
	case <-ctx.Done():
		close(finish)
		return <-handle.Done
	}
}
