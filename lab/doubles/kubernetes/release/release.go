// Package release manages Helm releases: kubernetes:helm.sh/v3:Release.
package release

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	helmrelease "helm.sh/helm/v3/pkg/release"
	"sigs.k8s.io/yaml"

	"weft/lab/doubles/kubernetes/state"
)

// Release is the resource as Pulumi's SDKs write it; the SDKs document its fields.
type Release struct {
	AllowNullValues          bool                `json:"allowNullValues,omitempty"`
	Atomic                   bool                `json:"atomic,omitempty"`
	Chart                    string              `json:"chart,omitempty"`
	CleanupOnFail            bool                `json:"cleanupOnFail,omitempty"`
	CreateNamespace          bool                `json:"createNamespace,omitempty"`
	DependencyUpdate         bool                `json:"dependencyUpdate,omitempty"`
	Description              string              `json:"description,omitempty"`
	Devel                    bool                `json:"devel,omitempty"`
	DisableCRDHooks          bool                `json:"disableCRDHooks,omitempty"`
	DisableOpenapiValidation bool                `json:"disableOpenapiValidation,omitempty"`
	DisableWebhooks          bool                `json:"disableWebhooks,omitempty"`
	ForceUpdate              bool                `json:"forceUpdate,omitempty"`
	Keyring                  string              `json:"keyring,omitempty"`
	Lint                     bool                `json:"lint,omitempty"`
	MaxHistory               *int                `json:"maxHistory,omitempty"`
	Name                     string              `json:"name,omitempty"`
	Namespace                string              `json:"namespace,omitempty"`
	Postrender               string              `json:"postrender,omitempty"`
	RecreatePods             bool                `json:"recreatePods,omitempty"`
	RenderSubchartNotes      bool                `json:"renderSubchartNotes,omitempty"`
	Replace                  bool                `json:"replace,omitempty"`
	RepositoryOpts           *Repository         `json:"repositoryOpts,omitempty"`
	ResetValues              bool                `json:"resetValues,omitempty"`
	ReuseValues              bool                `json:"reuseValues,omitempty"`
	Values                   map[string]any      `json:"values,omitempty"`
	SkipCrds                 bool                `json:"skipCrds,omitempty"`
	Timeout                  int                 `json:"timeout,omitempty"`
	Verify                   bool                `json:"verify,omitempty"`
	Version                  string              `json:"version,omitempty"`
	SkipAwait                bool                `json:"skipAwait,omitempty"`
	WaitForJobs              bool                `json:"waitForJobs,omitempty"`
	ResourceNames            map[string][]string `json:"resourceNames,omitempty"`
	Status                   *Status             `json:"status,omitempty"`
}

// Repository is where a chart comes from.
type Repository struct {
	Repo     string `json:"repo,omitempty"`
	CAFile   string `json:"caFile,omitempty"`
	CertFile string `json:"certFile,omitempty"`
	KeyFile  string `json:"keyFile,omitempty"`
	Password string `json:"password,omitempty"`
	Username string `json:"username,omitempty"`
}

// Status is what Helm says of a deployed release.
type Status struct {
	AppVersion string `json:"appVersion,omitempty"`
	Chart      string `json:"chart,omitempty"`
	Name       string `json:"name,omitempty"`
	Namespace  string `json:"namespace,omitempty"`
	Revision   *int   `json:"revision,omitempty"`
	Status     string `json:"status,omitempty"`
	Version    string `json:"version,omitempty"`
}

// decode reads properties; secrets lose their marks, unknown values are left out.
func decode(properties resource.PropertyMap) (*Release, error) {
	plain := bareAndKnown(properties)
	values, err := valueFiles(plain["valueYamlFiles"])
	if err != nil {
		return nil, err
	}
	delete(plain, "valueYamlFiles")
	text, err := json.Marshal(plain)
	if err != nil {
		return nil, err
	}
	release := &Release{}
	if err := json.Unmarshal(text, release); err != nil {
		return nil, fmt.Errorf("decoding failure: %w", err)
	}
	release.Values = merge(values, release.Values)
	return release, nil
}

func bareAndKnown(properties resource.PropertyMap) map[string]any {
	return properties.MapRepl(nil, func(v resource.PropertyValue) (any, bool) {
		if v.IsComputed() {
			return nil, true
		}
		if v.IsSecret() {
			// The mark may lie on something that holds unknown values.
			inner := resource.PropertyMap{"": v.SecretValue().Element}
			return bareAndKnown(inner)[""], true
		}
		return nil, false
	})
}

// valueFiles merges the value files, the later over the earlier.
func valueFiles(files any) (map[string]any, error) {
	merged := map[string]any{}
	list, _ := files.([]any)
	for _, file := range list {
		asset, ok := file.(*resource.Asset)
		if !ok {
			return nil, fmt.Errorf("unsupported type for 'valueYamlFiles' arg: %T", file)
		}
		text, err := asset.Bytes()
		if err != nil {
			return nil, err
		}
		values := map[string]any{}
		if err := yaml.Unmarshal(text, &values); err != nil {
			return nil, err
		}
		merged = merge(merged, values)
	}
	return merged, nil
}

// merge gives the keys of both, those of over where both have one. Neither is changed.
func merge(base, over map[string]any) map[string]any {
	merged := maps.Clone(base)
	if merged == nil {
		merged = map[string]any{}
	}
	for key, value := range over {
		inner, isMap := value.(map[string]any)
		if below, both := merged[key].(map[string]any); isMap && both {
			merged[key] = merge(below, inner)
		} else {
			merged[key] = value
		}
	}
	return merged
}

// observe takes over what Helm says of the release.
func (r *Release) observe(live *helmrelease.Release) error {
	names, err := resourceNames(live.Manifest)
	if err != nil {
		return err
	}
	if r.Name == "" {
		r.Name = live.Name
	}
	if r.Namespace == "" {
		r.Namespace = live.Namespace
	}
	chart := live.Chart.Metadata
	if r.Chart == "" {
		r.Chart = chart.Name
	}
	r.Values = merge(r.Values, live.Config)
	r.Version = chart.Version
	r.ResourceNames = names
	r.Status = &Status{
		AppVersion: chart.AppVersion, Chart: chart.Name, Name: live.Name, Namespace: live.Namespace,
		Revision: &live.Version, Status: live.Info.Status.String(), Version: chart.Version,
	}
	return nil
}

const inputsKey = "__inputs"

// checkpoint is the release as the engine keeps it, with its inputs, which are secret as a whole.
func (r *Release) checkpoint(inputs resource.PropertyMap, preview bool) resource.PropertyMap {
	object := resource.NewPropertyMap(r)
	object[inputsKey] = resource.MakeSecret(resource.NewProperty(inputs))
	state.MarkUnknown(object, inputs)
	state.MarkSecrets(object, inputs)
	if preview {
		object["resourceNames"], object["status"] = state.Unknown, state.Unknown
	}
	return object
}

// inputsOf are the inputs that checkpoint kept; nil when it is no checkpoint.
func inputsOf(checkpoint resource.PropertyMap) resource.PropertyMap {
	inputs, ok := checkpoint[inputsKey]
	if ok && inputs.IsSecret() {
		inputs = inputs.SecretValue().Element
	}
	if !ok || !inputs.IsObject() {
		return nil
	}
	return inputs.ObjectValue()
}
