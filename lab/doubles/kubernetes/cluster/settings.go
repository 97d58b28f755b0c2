package cluster

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// Settings say which cluster, and how hard to press it.
type Settings struct {
	// Kubeconfig is a path or the contents; without it, the environment decides as for kubectl.
	Kubeconfig string
	// Context, Cluster and Namespace choose within the kubeconfig.
	Context, Cluster, Namespace string
	// Client limits the requests.
	Client ClientSettings
}

// ClientSettings limit the requests to the API server.
type ClientSettings struct {
	// Burst is how many requests may go out at once. Default 120.
	Burst *int
	// QPS is how many requests a second may go out in the long run. Default 50.
	QPS *float64
	// Timeout of each request in seconds. Default none.
	Timeout *int
}

// ReadClientSettings reads the provider's kubeClientSettings (JSON, may be empty); what it leaves open, the
// environment's PULUMI_K8S_CLIENT_… may say.
func ReadClientSettings(text string) (ClientSettings, error) {
	var settings ClientSettings
	if text != "" {
		if err := json.Unmarshal([]byte(text), &settings); err != nil {
			return settings, fmt.Errorf("failed to unmarshal kubeClientSettings option: %w", err)
		}
	}
	var err error
	if settings.Burst, err = orEnvironment(settings.Burst, "PULUMI_K8S_CLIENT_BURST", strconv.Atoi); err != nil {
		return settings, err
	}
	if settings.Timeout, err = orEnvironment(settings.Timeout, "PULUMI_K8S_CLIENT_TIMEOUT", strconv.Atoi); err != nil {
		return settings, err
	}
	settings.QPS, err = orEnvironment(settings.QPS, "PULUMI_K8S_CLIENT_QPS", func(s string) (float64, error) {
		return strconv.ParseFloat(s, 64)
	})
	return settings, err
}

func orEnvironment[T any](set *T, variable string, parse func(string) (T, error)) (*T, error) {
	text := os.Getenv(variable)
	if set != nil || text == "" {
		return set, nil
	}
	value, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("invalid value specified for %s: %w", variable, err)
	}
	return &value, nil
}

func (s Settings) limit(config *rest.Config) {
	config.Burst, config.QPS = 120, 50
	if s.Client.Burst != nil {
		config.Burst = *s.Client.Burst
	}
	if s.Client.QPS != nil {
		config.QPS = float32(*s.Client.QPS)
	}
	if s.Client.Timeout != nil {
		config.Timeout = time.Duration(*s.Client.Timeout) * time.Second
	}
}

func (s Settings) overrides() clientcmd.ConfigOverrides {
	return clientcmd.ConfigOverrides{
		Context:        api.Context{Cluster: s.Cluster, Namespace: s.Namespace},
		CurrentContext: s.Context,
	}
}

func (s Settings) source(overrides *clientcmd.ConfigOverrides) (clientcmd.ClientConfig, error) {
	if s.Kubeconfig == "" {
		rules := clientcmd.NewDefaultClientConfigLoadingRules()
		return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides), nil
	}
	config, err := ParseKubeconfig(s.Kubeconfig)
	if err != nil {
		return nil, err
	}
	return clientcmd.NewDefaultClientConfig(*config, overrides), nil
}

// ParseKubeconfig reads a kubeconfig given as a path (~ is the home directory) or as its contents in YAML or JSON.
func ParseKubeconfig(pathOrContents string) (*api.Config, error) {
	path := pathOrContents
	if rest, ok := strings.CutPrefix(path, "~"); ok && (rest == "" || rest[0] == '/') {
		if home, err := os.UserHomeDir(); err == nil {
			path = filepath.Join(home, rest)
		}
	}
	if _, err := os.Stat(path); err == nil {
		contents, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		return clientcmd.Load(contents)
	}
	return clientcmd.Load([]byte(pathOrContents))
}
