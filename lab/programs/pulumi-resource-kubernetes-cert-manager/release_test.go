package main

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

type object = map[string]any

func TestTheReleaseOfACertManager(t *testing.T) {
	published := object{"repo": defaultRepository}
	for name, c := range map[string]struct {
		inputs     object
		localChart string
		want       object
	}{
		"nothing asked for": {object{}, "",
			object{"chart": "cert-manager", "compat": "true", "repositoryOpts": published, "values": object{}}},
		"inputs are values": {object{"installCRDs": true, "webhook": object{"replicaCount": 2}, "replicaCount": nil}, "",
			object{"chart": "cert-manager", "compat": "true", "repositoryOpts": published,
				"values": object{"installCRDs": true, "webhook": object{"replicaCount": 2}}}},
		"inputs go before the values of helmOptions": {
			object{"installCRDs": true, helmOptions: object{"values": object{"installCRDs": false, "crds": object{"keep": false}}}}, "",
			object{"chart": "cert-manager", "compat": "true", "repositoryOpts": published,
				"values": object{"installCRDs": true, "crds": object{"keep": false}}}},
		"helmOptions are the release's": {object{helmOptions: object{"name": "cm", "namespace": "ns", "version": "v1.21.2", "skipAwait": true}}, "",
			object{"chart": "cert-manager", "compat": "true", "repositoryOpts": published, "values": object{},
				"name": "cm", "namespace": "ns", "version": "v1.21.2", "skipAwait": true}},
		"another repository": {object{helmOptions: object{"repositoryOpts": object{"repo": "https://charts.example", "username": "u"}}}, "",
			object{"chart": "cert-manager", "compat": "true", "values": object{},
				"repositoryOpts": object{"repo": "https://charts.example", "username": "u"}}},
		"a chart on this machine": {object{}, "/charts/cert-manager",
			object{"chart": "/charts/cert-manager", "compat": "true", "values": object{}}},
		"the program's chart goes first": {object{helmOptions: object{"chart": "other"}}, "/charts/cert-manager",
			object{"chart": "other", "compat": "true", "repositoryOpts": published, "values": object{}}},
	} {
		got, err := releaseOf(resource.NewPropertyMapFromMap(c.inputs), c.localChart)
		if want := resource.NewPropertyMapFromMap(c.want); err != nil || !got.DeepEquals(want) {
			t.Errorf("%s: %v %v, want %v", name, got, err, want)
		}
	}
}

func TestSecretAndUnknownValuesStayWhereTheyAre(t *testing.T) {
	secret, unknown := resource.MakeSecret(resource.NewStringProperty("s")), resource.MakeComputed(resource.NewStringProperty(""))
	got, err := releaseOf(resource.PropertyMap{
		"featureGates": unknown,
		helmOptions: resource.NewObjectProperty(resource.PropertyMap{
			"namespace": unknown, "values": resource.NewObjectProperty(resource.PropertyMap{"http_proxy": secret}),
		}),
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	values := got["values"].ObjectValue()
	if !got["namespace"].IsComputed() || !values["featureGates"].IsComputed() || !values["http_proxy"].IsSecret() || got["chart"].StringValue() != defaultChart {
		t.Error(got)
	}
}

func TestHelmOptionsThatAreNotAnObjectAreRefused(t *testing.T) {
	for _, wrong := range []resource.PropertyValue{
		resource.MakeComputed(resource.NewStringProperty("")), resource.NewStringProperty("x"),
	} {
		if _, err := releaseOf(resource.PropertyMap{helmOptions: wrong}, ""); err == nil || !strings.HasPrefix(err.Error(), "helmOptions must be an object") {
			t.Error(err)
		}
	}
}
