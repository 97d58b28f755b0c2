package main

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"weft/lab/doubles/internal/plugin"
)

func kubeconfig(server, token string) resource.PropertyValue {
	return resource.NewProperty(fmt.Sprintf(`{"clusters":[{"name":"c","cluster":{"server":%q}}],
"users":[{"name":"u","user":{"token":%q}}],
"contexts":[{"name":"x","context":{"cluster":"c","user":"u"}}],"current-context":"x"}`, server, token))
}

func TestDiffConfig(t *testing.T) {
	type config = resource.PropertyMap
	text := resource.NewProperty[string]
	here, there := kubeconfig("https://here", "1"), kubeconfig("https://there", "1")
	unknown := resource.MakeComputed(text(""))
	for _, test := range []struct {
		name       string
		olds, news config
		diffs      []string
		replaces   []string
	}{
		{"the same is the same", config{"kubeconfig": here}, config{"kubeconfig": here}, nil, nil},
		{
			"another server is another cluster",
			config{"kubeconfig": here}, config{"kubeconfig": there}, []string{"kubeconfig"}, []string{"kubeconfig"},
		},
		{
			"other credentials are not",
			config{"kubeconfig": here}, config{"kubeconfig": kubeconfig("https://here", "2")}, []string{"kubeconfig"}, nil,
		},
		{
			"another server is not when the cluster has an identifier that stays",
			config{"kubeconfig": here, "clusterIdentifier": text("c1")},
			config{"kubeconfig": there, "clusterIdentifier": text("c1")}, []string{"kubeconfig"}, nil,
		},
		{
			"another identifier is another cluster",
			config{"kubeconfig": here, "clusterIdentifier": text("c1")},
			config{"kubeconfig": here, "clusterIdentifier": text("c2")},
			[]string{"clusterIdentifier"}, []string{"clusterIdentifier"},
		},
		{
			"a first identifier is not",
			config{"kubeconfig": here}, config{"kubeconfig": here, "clusterIdentifier": text("c1")},
			[]string{"clusterIdentifier"}, nil,
		},
		{
			"a kubeconfig that is not known yet may be of another cluster",
			config{"kubeconfig": here}, config{"kubeconfig": unknown}, []string{"kubeconfig"}, []string{"kubeconfig"},
		},
		{
			"but not when the identifier stays",
			config{"kubeconfig": here, "clusterIdentifier": text("c1")},
			config{"kubeconfig": unknown, "clusterIdentifier": text("c1")}, []string{"kubeconfig"}, nil,
		},
		{
			"a kubeconfig that becomes secret has not changed",
			config{"kubeconfig": here}, config{"kubeconfig": resource.MakeSecret(here)}, nil, nil,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := diffConfig(bareSecrets(test.olds), bareSecrets(test.news))
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.GetDiffs(), test.diffs) || !slices.Equal(got.GetReplaces(), test.replaces) {
				t.Errorf("diffs %v, replaces %v", got.GetDiffs(), got.GetReplaces())
			}
			if some := got.GetChanges() == pulumirpc.DiffResponse_DIFF_SOME; some != (len(test.diffs) > 0) {
				t.Errorf("changes %v", got.GetChanges())
			}
		})
	}
}

func TestCheckConfigRefusesWhatTheDoubleDoesNotKnow(t *testing.T) {
	for setting, refused := range map[string]bool{
		`enableServerSideApply: "false"`: true, `enableServerSideApply: "true"`: false,
		`renderYamlToDirectory: "out"`: true, `renderYamlToDirectory: ""`: false,
		`strictMode: "true"`: true, `enableSecretMutable: "true"`: false,
	} {
		var key, value string
		if _, err := fmt.Sscanf(setting, "%s %q", &key, &value); err != nil {
			t.Fatal(err)
		}
		news, err := plugin.Write(resource.NewPropertyMapFromMap(map[string]any{key[:len(key)-1]: value}))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := (&provider{}).CheckConfig(context.Background(), &pulumirpc.CheckRequest{News: news})
		if err != nil || (len(answer.GetFailures()) > 0) != refused {
			t.Errorf("%s: %v, %v", setting, answer.GetFailures(), err)
		}
	}
}

func TestUnsupportedTypesAreNamed(t *testing.T) {
	p := &provider{}
	for _, kind := range []string{"kubernetes:helm.sh/v4:Chart", "kubernetes:yaml/v2:ConfigFile", "kubernetes:core/v1:NamespacePatch"} {
		p.objects, p.releases = nil, nil
		_, _ = p.Configure(context.Background(), &pulumirpc.ConfigureRequest{
			Variables: map[string]string{"kubernetes:config:kubeconfig": "{}"},
		})
		_, err := p.manager("urn:pulumi:dev::weft::" + kind + "::a")
		if err == nil {
			t.Errorf("%s is taken for supported", kind)
		}
	}
}
