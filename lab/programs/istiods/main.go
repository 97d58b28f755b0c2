// istiods runs a cluster's istiods as processes of this machine. KWOK places their pods on a node that is none; this program starts a
// process for each, with what the pod says, and leads the API server to it: webhooks, pods/proxy and pods/portforward.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

func main() {
	var o options
	kubeconfig := flag.String("kubeconfig", "", "kubeconfig of the cluster, of a user who may do everything")
	flag.StringVar(&o.programs, "istiods", "", "folder of the istiods, each named by its image's tag, and default")
	flag.StringVar(&o.node, "node", "", "name of the node that the pods are placed on")
	flag.DurationVar(&o.mountDelay, "mount-delay", 0, "how long a mounted Secret or ConfigMap stays as it was after a change")
	flag.Parse()

	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer cancel()
	if err := run(ctx, *kubeconfig, o); err != nil {
		log.Fatal(err)
	}
}

type options struct {
	programs, node string
	mountDelay     time.Duration
}

// run works in the current folder, that of the cluster: it holds what the pods mount, their logs, and the socket.
func run(ctx context.Context, kubeconfig string, o options) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = 200, 400
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	pods, err := newPods(ctx, o, config.Host, client)
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(client, 0)
	services := factory.Core().V1().Services().Lister()
	if err := pods.follow(factory.Core().V1()); err != nil {
		return err
	}
	factory.Start(ctx.Done())
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return kubelet{pods}.serve(ctx) })
	group.Go(func() error { return (&egress{o.node, pods, services}).serve(ctx) })
	return group.Wait()
}
