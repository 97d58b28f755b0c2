package main

import (
	"fmt"
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

const (
	helmOptions = "helmOptions"
	// The real provider's defaults.
	defaultChart      = "cert-manager"
	defaultRepository = "https://charts.jetstack.io"
)

// releaseOf turns the component's inputs into those of its release: helmOptions are the release's own inputs, everything else
// is a value of the chart and goes before helmOptions.values. Without a chart in helmOptions it is the one at localChart or,
// where that is empty, the published one.
func releaseOf(inputs resource.PropertyMap, localChart string) (resource.PropertyMap, error) {
	options, err := optionsOf(inputs[helmOptions])
	if err != nil {
		return nil, err
	}
	values := resource.PropertyMap{}
	if given := options["values"]; given.IsObject() {
		values = given.ObjectValue().Copy()
	}
	for key, value := range inputs {
		if key != helmOptions && !value.IsNull() {
			values[key] = value
		}
	}

	release := resource.PropertyMap{"compat": resource.NewStringProperty("true")}
	maps.Copy(release, options)
	release["values"] = resource.NewObjectProperty(values)
	if options["chart"].IsNull() && localChart != "" {
		release["chart"] = resource.NewStringProperty(localChart)
		return release, nil
	}
	if options["chart"].IsNull() {
		release["chart"] = resource.NewStringProperty(defaultChart)
	}
	repository := resource.PropertyMap{}
	if given := options["repositoryOpts"]; given.IsObject() {
		repository = given.ObjectValue().Copy()
	}
	if repository["repo"].IsNull() {
		repository["repo"] = resource.NewStringProperty(defaultRepository)
	}
	release["repositoryOpts"] = resource.NewObjectProperty(repository)
	return release, nil
}

func optionsOf(given resource.PropertyValue) (resource.PropertyMap, error) {
	switch {
	case given.IsNull():
		return resource.PropertyMap{}, nil
	case given.IsObject():
		return given.ObjectValue(), nil
	default:
		return nil, fmt.Errorf("helmOptions must be an object, secret or not yet known in its values at most; it is a %s", given.TypeString())
	}
}
