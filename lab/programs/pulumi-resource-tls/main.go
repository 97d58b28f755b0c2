// Command pulumi-resource-tls is a double of Pulumi's tls provider 5.6.1, for machines that cannot download the real one.
// Keys and certificates are real; what it leaves out is listed in the README.md of the lab.
package main

import (
	"context"
	"flag"
	"log"
	"time"

	"github.com/pulumi/pulumi/pkg/v3/resource/provider"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	err := provider.MainContext(ctx, "tls", func(*provider.HostClient) (pulumirpc.ResourceProviderServer, error) {
		double := &double{now: time.Now}
		if engine := flag.Arg(0); engine != "" {
			// Pulumi's own look at whether the engine is still there comes after five minutes.
			return double, rpcutil.Healthcheck(ctx, engine, 5*time.Second, cancel)
		}
		return double, nil
	})
	if err != nil {
		log.Fatal(err)
	}
}
