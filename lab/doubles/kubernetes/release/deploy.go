package release

import (
	"context"
	"errors"
	"fmt"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/postrender"
	helmrelease "helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"

	"weft/lab/doubles/internal/plugin"
	"weft/lab/doubles/kubernetes/state"
)

// failed is a release that Helm stored, and that is not what was asked for.
type failed struct {
	release *Release
	cause   error
}

func (f *failed) Error() string {
	return fmt.Sprintf("failed to become available within allocated timeout. Error: Helm Release %s/%s: %v",
		f.release.Namespace, f.release.Name, f.cause)
}

func (f *failed) Unwrap() error { return f.cause }

// Create installs the release. A preview only checks what is known.
func (p *Provider) Create(ctx context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	news, err := plugin.Read(req.GetProperties())
	if err != nil {
		return nil, err
	}
	release, err := decode(news)
	if err != nil {
		return nil, err
	}
	answer := &pulumirpc.CreateResponse{}
	var failure *failed
	if !req.GetPreview() {
		if p.Unreachable != nil {
			return nil, fmt.Errorf("can't create Helm Release with unreachable cluster: %w", p.Unreachable)
		}
		answer.Id = state.ID(release.Namespace, release.Name)
		if err := p.install(ctx, req.GetUrn(), release); err != nil && !errors.As(err, &failure) {
			return nil, err
		}
	}
	if answer.Properties, err = plugin.Write(release.checkpoint(news, req.GetPreview())); err != nil {
		return nil, err
	}
	if failure != nil {
		return nil, unready(answer.Id, "Helm release %q was created, but failed to initialize completely. "+
			"Use Helm CLI to investigate: %w", failure, answer.Properties)
	}
	return answer, nil
}

// Update upgrades the release.
func (p *Provider) Update(_ context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	olds, err := plugin.Read(req.GetOlds())
	if err != nil {
		return nil, err
	}
	news, err := plugin.Read(req.GetNews())
	if err != nil {
		return nil, err
	}
	release, err := decode(news)
	if err != nil {
		return nil, err
	}
	old, err := decode(olds)
	if err != nil {
		return nil, err
	}
	var failure *failed
	if !req.GetPreview() {
		if p.Unreachable != nil {
			return nil, fmt.Errorf("can't update Helm Release with unreachable cluster: %w", p.Unreachable)
		}
		if err := p.upgrade(release, old.Namespace); err != nil && !errors.As(err, &failure) {
			return nil, err
		}
	}
	answer := &pulumirpc.UpdateResponse{}
	if answer.Properties, err = plugin.Write(release.checkpoint(news, req.GetPreview())); err != nil {
		return nil, err
	}
	if failure != nil {
		return nil, unready(state.ID(release.Namespace, release.Name), "Helm release %q failed to initialize "+
			"completely. Use Helm CLI to investigate: %w", failure, answer.Properties)
	}
	return answer, nil
}

func unready(id, format string, cause error, properties *structpb.Struct) error {
	return state.Unready(id, fmt.Errorf(format, id, cause), properties, nil)
}

func (p *Provider) install(ctx context.Context, urn string, release *Release) error {
	helm, err := p.helm(release.Namespace)
	if err != nil {
		return err
	}
	chart, _, err := p.load(release)
	if err != nil {
		return err
	}
	if err := installable(chart); err != nil {
		return err
	}
	install := action.NewInstall(helm)
	install.ReleaseName, install.Namespace = release.Name, release.Namespace
	install.CreateNamespace = release.CreateNamespace
	install.DisableHooks = release.DisableWebhooks
	install.Wait = !release.SkipAwait
	install.WaitForJobs = !release.SkipAwait && release.WaitForJobs
	install.Timeout = timeout(release)
	install.Devel = release.Devel
	install.DependencyUpdate = release.DependencyUpdate
	install.Atomic = release.Atomic
	install.SkipCRDs = release.SkipCrds
	install.SubNotes = release.RenderSubchartNotes
	install.DisableOpenAPIValidation = release.DisableOpenapiValidation
	install.Replace = release.Replace
	install.Description = release.Description
	if install.PostRenderer, err = postRenderer(release); err != nil {
		return err
	}
	live, err := install.RunWithContext(p.Lifetime, chart, merge(nil, release.Values))
	if err == nil {
		return release.observe(live)
	}
	if live == nil {
		return err
	}
	if _, lookupErr := action.NewGet(helm).Run(release.Name); lookupErr != nil {
		return err
	}
	if err := release.observe(live); err != nil {
		return err
	}
	p.Engine.Warn(ctx, urn, fmt.Sprintf("Helm release %q was created but has a failed status. Use the `helm` command "+
		"to investigate the error, correct it, then retry. Reason: %v", release.Name, err))
	return &failed{release, err}
}

func (p *Provider) upgrade(release *Release, namespace string) error {
	helm, err := p.helm(namespace)
	if err != nil {
		return err
	}
	chart, path, err := p.load(release)
	if err != nil {
		return err
	}
	if release.Lint {
		if err := lint(path, release.Values); err != nil {
			return err
		}
	}
	upgrade := action.NewUpgrade(helm)
	upgrade.Namespace = release.Namespace
	upgrade.Devel = release.Devel
	upgrade.Timeout = timeout(release)
	upgrade.Wait = !release.SkipAwait
	upgrade.WaitForJobs = !release.SkipAwait && release.WaitForJobs
	upgrade.DisableHooks = release.DisableCRDHooks
	upgrade.Atomic = release.Atomic
	upgrade.SubNotes = release.RenderSubchartNotes
	upgrade.Force = release.ForceUpdate
	upgrade.ResetValues = release.ResetValues
	upgrade.ReuseValues = release.ReuseValues
	upgrade.Recreate = release.RecreatePods
	upgrade.CleanupOnFail = release.CleanupOnFail
	upgrade.Description = release.Description
	upgrade.MaxHistory = 0
	if release.MaxHistory != nil {
		upgrade.MaxHistory = *release.MaxHistory
	}
	if upgrade.PostRenderer, err = postRenderer(release); err != nil {
		return err
	}
	live, err := upgrade.RunWithContext(p.Lifetime, release.Name, chart, merge(nil, release.Values))
	return p.upgraded(release, live, err)
}

func (p *Provider) upgraded(release *Release, live *helmrelease.Release, err error) error {
	if err != nil && (live == nil || errors.Is(err, driver.ErrNoDeployedReleases)) {
		return err
	}
	if observeErr := release.observe(live); observeErr != nil {
		return observeErr
	}
	if err != nil {
		return &failed{release, err}
	}
	return nil
}

func lint(path string, values map[string]any) error {
	result := action.NewLint().Run([]string{path}, values)
	if len(result.Errors) > 0 {
		return fmt.Errorf("malformed chart or values: %w", errors.Join(result.Errors...))
	}
	return nil
}

func postRenderer(release *Release) (postrender.PostRenderer, error) {
	if release.Postrender == "" {
		return nil, nil
	}
	return postrender.NewExec(release.Postrender)
}

func timeout(release *Release) time.Duration {
	seconds := release.Timeout
	if seconds == 0 {
		seconds = defaultTimeout
	}
	return time.Duration(seconds) * time.Second
}
