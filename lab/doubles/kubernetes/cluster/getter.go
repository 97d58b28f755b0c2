package cluster

import (
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Getter gives Helm this connection, with objects that name no namespace going to the given one.
func (c *Cluster) Getter(namespace string) genericclioptions.RESTClientGetter {
	return getter{c, namespace}
}

type getter struct {
	cluster   *Cluster
	namespace string
}

func (g getter) ToRESTConfig() (*rest.Config, error) { return rest.CopyConfig(g.cluster.config), nil }

func (g getter) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
	return g.cluster.discovery, nil
}

func (g getter) ToRESTMapper() (meta.RESTMapper, error) {
	return asksAgain{g.cluster.mapper}, nil
}

// asksAgain looks for a kind once more before it says that there is none: another resource of the same update may have
// brought it.
type asksAgain struct{ meta.ResettableRESTMapper }

func (m asksAgain) RESTMapping(kind schema.GroupKind, versions ...string) (*meta.RESTMapping, error) {
	mapping, err := m.ResettableRESTMapper.RESTMapping(kind, versions...)
	if meta.IsNoMatchError(err) {
		m.Reset()
		mapping, err = m.ResettableRESTMapper.RESTMapping(kind, versions...)
	}
	return mapping, err
}

func (g getter) ToRawKubeConfigLoader() clientcmd.ClientConfig {
	return inNamespace{g.cluster.source, g.namespace}
}

type source = clientcmd.ClientConfig

// inNamespace is a kubeconfig whose current namespace is another.
type inNamespace struct {
	source
	namespace string
}

func (c inNamespace) Namespace() (string, bool, error) { return c.namespace, true, nil }
