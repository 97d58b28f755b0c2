package release

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/downloader"
	"helm.sh/helm/v3/pkg/getter"
	"helm.sh/helm/v3/pkg/registry"

	"weft/lab/doubles/kubernetes/cluster"
)

// load finds and reads the chart of a release, with its dependencies.
func (p *Provider) load(release *Release) (*chart.Chart, error) {
	helm, err := p.helm(release.Namespace)
	if err != nil {
		return nil, err
	}
	loaded, _, err := p.loadWith(helm, release)
	return loaded, err
}

func (p *Provider) loadWith(helm *action.Configuration, release *Release) (loaded *chart.Chart, path string, err error) {
	if path, err = p.locate(helm.RegistryClient, release); err != nil {
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
		RepositoryConfig: p.Helm.RepositoryConfig, RepositoryCache: p.Helm.RepositoryCache,
		RegistryClient: helm.RegistryClient,
	}
	if err := update.Update(); err != nil {
		return nil, "", err
	}
	loaded, err = loader.Load(path)
	return loaded, path, err
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
	if repository := release.RepositoryOpts; repository != nil {
		options.CertFile, options.KeyFile, options.CaFile = repository.CertFile, repository.KeyFile, repository.CAFile
		options.Username, options.Password = repository.Username, repository.Password
		options.RepoURL, name = resolve(repository.Repo, name)
	}
	if options.RepoURL == "" && !registry.IsOCI(name) {
		if isChart(name) {
			return filepath.Abs(name)
		}
		if filepath.IsAbs(name) || strings.HasPrefix(name, ".") {
			return "", fmt.Errorf("path %q not found", name)
		}
	}
	return options.LocateChart(name, p.Helm)
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

var errNotInstallable = errors.New("library charts are not installable")

func installable(chart *chart.Chart) error {
	if kind := chart.Metadata.Type; kind != "" && kind != "application" {
		return errNotInstallable
	}
	return nil
}
