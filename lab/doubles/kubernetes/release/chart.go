package release

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/downloader"
	"helm.sh/helm/v3/pkg/getter"
	"helm.sh/helm/v3/pkg/registry"
	"helm.sh/helm/v3/pkg/repo"

	"weft/lab/doubles/kubernetes/cluster"
)

// load finds and reads the chart of a release, with its dependencies. The path is where it lies, downloaded or not.
func (p *Provider) load(release *Release) (loaded *chart.Chart, path string, err error) {
	client, err := p.registry(release)
	if err != nil {
		return nil, "", err
	}
	if path, err = p.locate(client, release); err != nil {
		return nil, "", err
	}
	if loaded, err = loader.Load(path); err != nil {
		return nil, "", err
	}
	missing := action.CheckDependencies(loaded, loaded.Metadata.Dependencies)
	if missing == nil {
		return loaded, path, nil
	}
	if !release.DependencyUpdate {
		return nil, "", missing
	}
	update := downloader.Manager{
		Out: io.Discard, ChartPath: path, Keyring: release.Keyring, Getters: getter.All(p.Helm),
		RepositoryConfig: p.Helm.RepositoryConfig, RepositoryCache: p.Helm.RepositoryCache, RegistryClient: client,
	}
	if err := update.Update(); err != nil {
		return nil, "", err
	}
	loaded, err = loader.Load(path)
	return loaded, path, err
}

// registry speaks to OCI registries, as the release's own user where it names one.
func (p *Provider) registry(release *Release) (*registry.Client, error) {
	options := []registry.ClientOption{
		registry.ClientOptEnableCache(true),
		registry.ClientOptCredentialsFile(p.Helm.RegistryConfig),
		registry.ClientOptWriter(io.Discard),
	}
	if repository := release.RepositoryOpts; repository != nil && repository.Username != "" && repository.Password != "" {
		options = append(options, registry.ClientOptBasicAuth(repository.Username, repository.Password))
	}
	return registry.NewClient(options...)
}

// locate gives a local path: the chart itself where it is local, else what was downloaded.
func (p *Provider) locate(client *registry.Client, release *Release) (string, error) {
	options := action.NewInstall(&action.Configuration{RegistryClient: client}).ChartPathOptions
	name := strings.TrimSpace(release.Chart)
	options.Version = strings.TrimSpace(release.Version)
	if options.Version == "" && release.Devel {
		options.Version = ">0.0.0-0"
	}
	options.Keyring, options.Verify = release.Keyring, release.Verify
	repository := release.RepositoryOpts
	if repository == nil {
		repository = &Repository{}
	}
	options.CertFile, options.KeyFile, options.CaFile = repository.CertFile, repository.KeyFile, repository.CAFile
	options.Username, options.Password = repository.Username, repository.Password

	address, name := resolve(repository.Repo, name)
	switch {
	case address != "":
		// Helm itself would take a folder of the chart's name before the repository.
		found, err := repo.FindChartInAuthAndTLSAndPassRepoURL(address, options.Username, options.Password, name,
			options.Version, options.CertFile, options.KeyFile, options.CaFile, false, false, getter.All(p.Helm))
		if err != nil {
			return "", err
		}
		if !sameHost(address, found) {
			options.Username, options.Password = "", ""
		}
		name = found
	case registry.IsOCI(name):
	case isChart(name):
		if options.Verify {
			if _, err := downloader.VerifyChart(name, options.Keyring); err != nil {
				return "", err
			}
		}
		return filepath.Abs(name)
	case filepath.IsAbs(name) || strings.HasPrefix(name, "."):
		return "", fmt.Errorf("path %q not found", name)
	}
	return options.LocateChart(name, p.Helm)
}

// sameHost is true where a repository's credentials may be sent to the address of its chart.
func sameHost(repository, chart string) bool {
	a, errA := url.Parse(repository)
	b, errB := url.Parse(chart)
	return errA == nil && errB == nil && a.Scheme == b.Scheme && a.Host == b.Host
}

// resolve tells a repository's address from the name that it has in Helm's own configuration.
func resolve(repository, name string) (repositoryURL, chart string) {
	if registry.IsOCI(name) {
		return "", name
	}
	if _, err := url.ParseRequestURI(repository); err == nil {
		return repository, name
	}
	if repository != "" && !strings.Contains(name, "/") {
		return "", repository + "/" + name
	}
	return "", name
}

// isChart is true for a packed chart, and for a folder that holds one: another folder may only share a repository's
// name.
func isChart(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	if info.IsDir() {
		_, err = os.Stat(filepath.Join(path, "Chart.yaml"))
	}
	return err == nil
}

// expectCRDs notes the CustomResourceDefinitions that the chart brings. What it does not render is for the install to
// complain about.
func (p *Provider) expectCRDs(chart *chart.Chart, release *Release) {
	if !mentions(chart, "CustomResourceDefinition") {
		return
	}
	install := action.NewInstall(new(action.Configuration))
	install.ClientOnly, install.DryRun, install.IncludeCRDs = true, true, !release.SkipCrds
	install.ReleaseName, install.Namespace = release.Name, release.Namespace
	rendered, err := install.Run(chart, merge(nil, release.Values))
	if err != nil {
		return
	}
	all, err := objects(rendered.Manifest)
	if err != nil {
		return
	}
	for _, obj := range all {
		if cluster.IsCRD(obj) {
			p.Cluster.Expect(obj)
		}
	}
}

// mentions saves rendering charts that bring no CustomResourceDefinition.
func mentions(c *chart.Chart, word string) bool {
	for _, file := range c.Raw {
		if bytes.Contains(file.Data, []byte(word)) {
			return true
		}
	}
	return slices.ContainsFunc(c.Dependencies(), func(dependency *chart.Chart) bool {
		return mentions(dependency, word)
	})
}

var errNotInstallable = errors.New("library charts are not installable")

func installable(chart *chart.Chart) error {
	if kind := chart.Metadata.Type; kind != "" && kind != "application" {
		return errNotInstallable
	}
	return nil
}
