package release

import (
	"context"
	"fmt"
	"os"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/cli"

	"weft/lab/doubles/internal/plugin"
	"weft/lab/doubles/kubernetes/cluster"
	"weft/lab/doubles/kubernetes/state"
)

// Type is the resource type that this package manages.
const Type = "kubernetes:helm.sh/v3:Release"

// defaultTimeout in seconds, for releases that are waited for.
const defaultTimeout = 300

// Provider answers the engine's calls for releases. Its methods are those of the provider protocol.
type Provider struct {
	// Lifetime ends when the engine says Cancel.
	Lifetime context.Context
	Engine   *plugin.Engine
	Cluster  *cluster.Cluster
	// Unreachable says why the cluster cannot be reached; nil when it can.
	Unreachable error
	// Helm says where Helm keeps its repositories and caches.
	Helm *cli.EnvSettings
	// Driver is how Helm stores releases: "secret" or "configmap".
	Driver string
}

// helm is Helm at work in a namespace.
func (p *Provider) helm(namespace string) (*action.Configuration, error) {
	config := new(action.Configuration)
	err := config.Init(p.Cluster.Getter(namespace), namespace, p.Driver, func(string, ...any) {})
	return config, err
}

// Check fills in the defaults and the chart's exact version. A chart that cannot be loaded is a failure of the check.
func (p *Provider) Check(ctx context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	olds, err := plugin.Read(req.GetOlds())
	if err != nil {
		return nil, err
	}
	news, err := plugin.Read(req.GetNews())
	if err != nil {
		return nil, err
	}
	given := news.Copy()
	if err := nameRelease(news, olds, resource.URN(req.GetUrn())); err != nil {
		return nil, err
	}
	p.setDefaults(news)
	release, err := decode(news)
	if err != nil {
		return nil, err
	}
	if release.AllowNullValues {
		p.Engine.Warn(ctx, req.GetUrn(), "`allowNullValues` is deprecated and has no effect; null values in Helm chart "+
			"values are preserved by default.")
	}
	answer := &pulumirpc.CheckResponse{}
	if !news.ContainsUnknowns() {
		chart, _, err := p.load(release)
		if err != nil {
			answer.Failures = append(answer.Failures, &pulumirpc.CheckFailure{
				Property: "chart",
				Reason:   fmt.Sprintf("%v; check the chart name and repository configuration.", err),
			})
		} else {
			release.Version = chart.Metadata.Version
			p.expectCRDs(chart, release)
		}
	}
	checked := resource.NewPropertyMap(release)
	delete(checked, "resourceNames")
	state.MarkUnknown(checked, given)
	state.MarkSecrets(checked, given)
	answer.Inputs, err = plugin.Write(checked)
	return answer, err
}

func nameRelease(news, olds resource.PropertyMap, urn resource.URN) error {
	name, named := news["name"]
	if old, ok := olds["name"]; ok && !named {
		news["name"] = old
		return nil
	}
	if named && !(name.IsString() && name.StringValue() == "") {
		return nil
	}
	unique, err := resource.NewUniqueHex(urn.Name()+"-", 0, 0)
	news["name"] = resource.NewProperty(unique)
	return err
}

func (p *Provider) setDefaults(news resource.PropertyMap) {
	empty := func(key resource.PropertyKey) bool {
		value, ok := news[key]
		return !ok || value.IsString() && value.StringValue() == ""
	}
	isTrue := func(key resource.PropertyKey) bool {
		value, ok := news[key]
		return ok && value.IsBool() && value.BoolValue()
	}
	if empty("namespace") {
		news["namespace"] = resource.NewProperty(p.Cluster.Namespace)
	}
	if _, set := news["timeout"]; !set && !isTrue("skipAwait") {
		news["timeout"] = resource.NewProperty(float64(defaultTimeout))
	}
	if isTrue("verify") && empty("keyring") {
		news["keyring"] = resource.NewProperty(os.ExpandEnv("$HOME/.gnupg/pubring.gpg"))
	}
}
