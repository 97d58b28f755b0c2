package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"helm.sh/helm/v3/pkg/cli"
	"k8s.io/client-go/tools/clientcmd/api"

	"weft/lab/doubles/internal/plugin"
	"weft/lab/doubles/kubernetes/cluster"
	"weft/lab/doubles/kubernetes/diff"
	"weft/lab/doubles/kubernetes/object"
	"weft/lab/doubles/kubernetes/release"
)

// outside are the settings that change what the real provider does in ways that this double does not know, with the
// values that leave it as it is.
var outside = map[resource.PropertyKey]string{
	"enableServerSideApply": "true",
	"renderYamlToDirectory": "",
	"skipUpdateUnreachable": "false",
	"strictMode":            "false",
	"upsertExistingObjects": "false",
}

// CheckConfig takes the configuration as it is, but refuses what the double does not know.
func (p *provider) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	news, err := plugin.Read(req.GetNews())
	if err != nil {
		return nil, err
	}
	answer := &pulumirpc.CheckResponse{Inputs: req.GetNews()}
	for _, key := range slices.Sorted(maps.Keys(outside)) {
		value, set := news[key]
		if set && fmt.Sprint(value.V) != outside[key] {
			answer.Failures = append(answer.Failures, &pulumirpc.CheckFailure{
				Property: string(key), Reason: unsupportedError(fmt.Sprintf("%s: %v", key, value.V)).Error(),
			})
		}
	}
	return answer, nil
}

// DiffConfig asks for the replacement of every resource when the configuration means another cluster: when
// clusterIdentifier changes, or, without that, when the kubeconfig's active cluster does.
func (p *provider) DiffConfig(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	olds, err := plugin.Read(req.GetOlds())
	if err != nil {
		return nil, err
	}
	news, err := plugin.Read(req.GetNews())
	if err != nil {
		return nil, err
	}
	return diffConfig(bareSecrets(olds), bareSecrets(news))
}

const clusterIdentifier = "clusterIdentifier"

// active are the settings that choose the cluster within a kubeconfig, and the kubeconfig.
var active = []resource.PropertyKey{"kubeconfig", "context", "cluster"}

func diffConfig(olds, news resource.PropertyMap) (*pulumirpc.DiffResponse, error) {
	changes := olds.Diff(news)
	if changes == nil {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
	}
	answer := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_SOME}
	identified := changes.Same(clusterIdentifier) && news.HasValue(clusterIdentifier)
	if changes.Updated(clusterIdentifier) {
		answer.Replaces = append(answer.Replaces, clusterIdentifier)
	}
	for _, key := range active {
		// What is not known yet may mean another cluster.
		if news[key].IsComputed() {
			answer.Diffs = []string{string(key)}
			if !identified {
				answer.Replaces = append(answer.Replaces, string(key))
			}
			return answer, nil
		}
	}
	for _, key := range changes.ChangedKeys() {
		answer.Diffs = append(answer.Diffs, string(key))
	}
	if identified {
		return answer, nil
	}
	oldCluster, err := activeCluster(olds)
	if err != nil {
		return nil, err
	}
	newCluster, err := activeCluster(news)
	if err != nil {
		return nil, err
	}
	if oldCluster != nil && newCluster != nil && !reflect.DeepEqual(oldCluster, newCluster) {
		for _, key := range active {
			if slices.Contains(answer.Diffs, string(key)) {
				answer.Replaces = append(answer.Replaces, string(key))
			}
		}
	}
	return answer, nil
}

// activeCluster is nil where the configuration does not name one.
func activeCluster(config resource.PropertyMap) (*api.Cluster, error) {
	text := ""
	switch kubeconfig := config["kubeconfig"]; {
	case kubeconfig.IsString():
		text = kubeconfig.StringValue()
	case kubeconfig.IsObject():
		contents, err := json.Marshal(kubeconfig.ObjectValue().Mappable())
		if err != nil {
			return nil, err
		}
		text = string(contents)
	case kubeconfig.HasValue():
		return nil, fmt.Errorf("unexpected kubeconfig format, type: %v", kubeconfig.TypeString())
	}
	if text == "" {
		return nil, nil
	}
	kubeconfig, err := cluster.ParseKubeconfig(text)
	if err != nil {
		return nil, fmt.Errorf("failed to parse kubeconfig: %w", err)
	}
	name := kubeconfig.CurrentContext
	if chosen := config["context"]; chosen.IsString() {
		name = chosen.StringValue()
	}
	current := kubeconfig.Contexts[name]
	if current == nil {
		return nil, nil
	}
	if chosen := config["cluster"]; chosen.IsString() {
		return kubeconfig.Clusters[chosen.StringValue()], nil
	}
	return kubeconfig.Clusters[current.Cluster], nil
}

func bareSecrets(properties resource.PropertyMap) resource.PropertyMap {
	bare := resource.PropertyMap{}
	for key, value := range properties {
		if value.IsSecret() {
			value = value.SecretValue().Element
		}
		bare[key] = value
	}
	return bare
}

// Configure connects to the cluster. One that cannot be reached is no error here: each operation says it.
func (p *provider) Configure(
	ctx context.Context, req *pulumirpc.ConfigureRequest,
) (*pulumirpc.ConfigureResponse, error) {
	settings := req.GetVariables() //nolint:staticcheck // The real provider reads these.
	get := func(key string) string { return settings["kubernetes:config:"+key] }
	enabled := func(key, variable string) bool {
		if value, set := settings["kubernetes:config:"+key]; set {
			return value == "true"
		}
		return os.Getenv(variable) == "true"
	}
	limits, err := cluster.ReadClientSettings(get("kubeClientSettings"))
	if err != nil {
		return nil, err
	}
	helm, driver, err := helmSettings(get("helmReleaseSettings"))
	if err != nil {
		return nil, err
	}
	connection, unreachable := cluster.Connect(ctx, cluster.Settings{
		Kubeconfig: get("kubeconfig"), Context: get("context"), Cluster: get("cluster"), Namespace: get("namespace"),
		Client: limits,
	})
	p.objects = &object.Provider{
		Lifetime: p.Context(), Engine: p.Engine, Cluster: connection, Unreachable: unreachable,
		Mutable: diff.Mutable{
			Secrets:    enabled("enableSecretMutable", "PULUMI_K8S_ENABLE_SECRET_MUTABLE"),
			ConfigMaps: enabled("enableConfigMapMutable", "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE"),
		},
		DeleteUnreachable: enabled("deleteUnreachable", "PULUMI_K8S_DELETE_UNREACHABLE"),
		PatchForce:        enabled("enablePatchForce", "PULUMI_K8S_ENABLE_PATCH_FORCE"),
	}
	p.releases = &release.Provider{
		Lifetime: p.Context(), Engine: p.Engine, Cluster: connection, Unreachable: unreachable,
		Helm: helm, Driver: driver,
	}
	return &pulumirpc.ConfigureResponse{
		AcceptSecrets: true, SupportsPreview: true, SupportsAutonamingConfiguration: true,
	}, nil
}

// helmSettings reads the provider's helmReleaseSettings (JSON, may be empty); what they leave open, the environment
// decides as for the helm program.
func helmSettings(text string) (settings *cli.EnvSettings, driver string, err error) {
	var given struct {
		Driver, PluginsPath, RegistryConfigPath, RepositoryConfigPath, RepositoryCache string
	}
	if text != "" {
		if err := json.Unmarshal([]byte(text), &given); err != nil {
			return nil, "", fmt.Errorf("failed to unmarshal helmReleaseSettings option: %w", err)
		}
	}
	settings, driver = cli.New(), "secret"
	for _, setting := range []struct {
		into            *string
		given, variable string
	}{
		{&driver, given.Driver, "PULUMI_K8S_HELM_DRIVER"},
		{&settings.PluginsDirectory, given.PluginsPath, "PULUMI_K8S_HELM_PLUGINS_PATH"},
		{&settings.RegistryConfig, given.RegistryConfigPath, "PULUMI_K8S_HELM_REGISTRY_CONFIG_PATH"},
		{&settings.RepositoryConfig, given.RepositoryConfigPath, "PULUMI_K8S_HELM_REPOSITORY_CONFIG_PATH"},
		{&settings.RepositoryCache, given.RepositoryCache, "PULUMI_K8S_HELM_REPOSITORY_CACHE"},
	} {
		if value := os.Getenv(setting.variable); value != "" {
			*setting.into = value
		}
		if setting.given != "" {
			*setting.into = setting.given
		}
	}
	return settings, driver, nil
}
