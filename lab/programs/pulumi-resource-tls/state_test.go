package main

import (
	"encoding/json"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Terraform keeps a missing subject as an empty list, and everything else that is missing as null.
func TestTheRealProviderCanReadAStateWithoutSubject(t *testing.T) {
	state := create(t, clocked(started), certRequest, inputs{"privateKeyPem": keyPEM(t), "dnsNames": []any{}})
	delta, err := json.Marshal(withoutSecrets(state["__pulumi_raw_state_delta"]).Mappable())
	if err != nil {
		t.Fatal(err)
	}
	want := `{"obj":{"ps":{"dnsNames":{"arr":{}},"ipAddresses":{"replace":{"raw":null}},` +
		`"subject":{"replace":{"raw":[]}},"uris":{"replace":{"raw":null}}}}}`
	if string(delta) != want {
		t.Error(string(delta))
	}
}

func withoutSecrets(v resource.PropertyValue) resource.PropertyValue {
	switch {
	case v.IsSecret():
		return v.SecretValue().Element
	case v.IsObject():
		bare := resource.PropertyMap{}
		for key, field := range v.ObjectValue() {
			bare[key] = withoutSecrets(field)
		}
		return resource.NewObjectProperty(bare)
	default:
		return v
	}
}
