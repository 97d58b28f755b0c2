// Package cluster is a connection to one Kubernetes API server.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
)

// probeTimeout is how long the real provider waits for the API server's first answer.
const probeTimeout = 32 * time.Second

// Cluster is shared by all resources of one provider. What it knows of the API server's kinds is asked for once, and
// again when a kind is missing: CustomResourceDefinitions may come in the same update.
type Cluster struct {
	// Namespace is where namespaced objects go that name none.
	Namespace string

	overrides clientcmd.ConfigOverrides
	source    clientcmd.ClientConfig
	// The rest is there only when the cluster is.
	config    *rest.Config
	discovery discovery.CachedDiscoveryInterface
	mapper    meta.ResettableRESTMapper
	dynamic   dynamic.Interface
	charted   scopes
}

// Connect never fails on a cluster that is not there: it returns what can be known of the cluster without it, and an
// error that says why it cannot be reached.
func Connect(ctx context.Context, settings Settings) (*Cluster, error) {
	c := &Cluster{Namespace: settings.Namespace, overrides: settings.overrides()}
	source, err := settings.source(&c.overrides)
	if err != nil {
		return c, fmt.Errorf("failed to parse kubeconfig data in `kubernetes:config:kubeconfig`- %w", err)
	}
	c.source = source
	if namespace, _, err := source.Namespace(); err == nil {
		c.Namespace = namespace
	}
	config, err := source.ClientConfig()
	if err != nil {
		return c, fmt.Errorf("unable to load Kubernetes client configuration from kubeconfig file. "+
			"Make sure you have: \n\n \t • set up the provider as per "+
			"https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/ \n\n %w", err)
	}
	settings.limit(config)
	config.WarningHandler = rest.NoWarnings{}
	config.WarningHandlerWithContext = rest.NoWarnings{}

	plain, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return c, err
	}
	if c.dynamic, err = dynamic.NewForConfig(config); err != nil {
		return c, err
	}
	if err := probe(ctx, plain); err != nil {
		return c, fmt.Errorf("unable to load schema information from the API server: %w", err)
	}
	c.config = config
	c.discovery = memory.NewMemCacheClient(plain)
	c.mapper = restmapper.NewDeferredDiscoveryRESTMapper(c.discovery)
	return c, nil
}

// probe asks for something small first: the real provider loads the whole OpenAPI document, whose preparation costs
// the API server seconds of CPU. Only where that fails it asks as the real one does, for the same error.
func probe(ctx context.Context, client *discovery.DiscoveryClient) error {
	_, err := client.RESTClient().Get().AbsPath("/version").Timeout(probeTimeout).DoRaw(ctx)
	var slow interface{ Timeout() bool }
	if err == nil || errors.As(err, &slow) && slow.Timeout() {
		return err
	}
	_, err = client.RESTClient().Get().AbsPath("/openapi/v2").Timeout(probeTimeout).DoRaw(ctx)
	return err
}

// Mapping finds how a kind is served; with refresh, it asks again before it says that there is no such kind.
func (c *Cluster) Mapping(kind schema.GroupVersionKind, refresh bool) (*meta.RESTMapping, error) {
	mapping, err := c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil && refresh {
		c.mapper.Reset()
		mapping, err = c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	}
	return mapping, err
}

// Forget drops what is known of the API server's kinds.
func (c *Cluster) Forget() { c.mapper.Reset() }

// Client gives access to the objects of obj's kind, in its namespace ("default" when it names none).
func (c *Cluster) Client(obj *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	mapping, err := c.Mapping(obj.GroupVersionKind(), true)
	if err != nil {
		return nil, err
	}
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		return c.dynamic.Resource(mapping.Resource).Namespace(NamespaceOrDefault(obj.GetNamespace())), nil
	}
	return c.dynamic.Resource(mapping.Resource), nil
}

// Resource gives access to a built-in resource.
func (c *Cluster) Resource(resource schema.GroupVersionResource, namespace string) dynamic.ResourceInterface {
	return c.dynamic.Resource(resource).Namespace(namespace)
}

// NamespaceOrDefault is where an object that names no namespace goes.
func NamespaceOrDefault(namespace string) string {
	if namespace == "" {
		return "default"
	}
	return namespace
}
