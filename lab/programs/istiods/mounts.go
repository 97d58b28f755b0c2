package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/kubectl/pkg/cmd/set/env"
	"k8s.io/kubernetes/pkg/fieldpath"
	"k8s.io/kubernetes/pkg/kubelet/token"
	"k8s.io/kubernetes/pkg/volume"
	"k8s.io/kubernetes/pkg/volume/configmap"
	"k8s.io/kubernetes/pkg/volume/projected"
	"k8s.io/kubernetes/pkg/volume/secret"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"
	"k8s.io/mount-utils"
	"k8s.io/utils/ptr"
)

// mounts lays out a pod's volumes with the kubelet's own plugins: each change arrives whole, by one rename.
type mounts struct {
	ctx     context.Context
	client  kubernetes.Interface
	tokens  *token.Manager
	plugins volume.VolumePluginMgr
}

func newMounts(ctx context.Context, client kubernetes.Interface) (*mounts, error) {
	m := &mounts{ctx: ctx, client: client, tokens: token.NewManager(client)}
	plugins := slices.Concat(secret.ProbeVolumePlugins(), configmap.ProbeVolumePlugins(), projected.ProbeVolumePlugins())
	return m, m.plugins.InitPlugins(plugins, nil, host{mounts: m})
}

// lay puts each volume below dir, and a link to it where the container mounts it.
func (m *mounts) lay(pod *corev1.Pod, dir string) error {
	for _, v := range pod.Spec.Volumes {
		if err := m.layVolume(pod, &v, filepath.Join(dir, "volumes", v.Name)); err != nil {
			return fmt.Errorf("volume %s: %w", v.Name, err)
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "root"), 0o700); err != nil {
		return err
	}
	for _, mount := range pod.Spec.Containers[0].VolumeMounts {
		link := filepath.Join(dir, "root", mount.MountPath)
		if err := os.MkdirAll(filepath.Dir(link), 0o700); err != nil {
			return err
		}
		err := os.Symlink(filepath.Join(dir, "volumes", mount.Name, mount.SubPath), link)
		if err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	return nil
}

func (m *mounts) layVolume(pod *corev1.Pod, v *corev1.Volume, dir string) error {
	if v.EmptyDir != nil {
		return folder{}.SetUpAt(dir, volume.MounterArgs{})
	}
	spec := volume.NewSpecFromVolume(v)
	plugin, err := m.plugins.FindPluginBySpec(spec)
	if err != nil {
		return fmt.Errorf("a lab mounts Secrets, ConfigMaps, projections and empty folders only: %w", err)
	}
	mounter, err := plugin.NewMounter(spec, pod)
	if err != nil {
		return err
	}
	return mounter.SetUpAt(dir, volume.MounterArgs{})
}

// folder is where a kubelet mounts a file system in memory.
type folder struct{ volume.Mounter }

func (folder) SetUpAt(dir string, _ volume.MounterArgs) error { return os.MkdirAll(dir, 0o700) }

// host is what the plugins ask a kubelet for.
type host struct {
	volume.VolumeHost
	volume.KubeletVolumeHost
	*mounts
}

func (host) NewWrapperMounter(string, volume.Spec, *corev1.Pod) (volume.Mounter, error) {
	return folder{}, nil
}

func (host) NewWrapperUnmounter(string, volume.Spec, types.UID) (volume.Unmounter, error) {
	return nil, errors.ErrUnsupported
}

func (host) GetPodVolumeDir(types.UID, string, string) string { return "" }
func (h host) GetKubeClient() kubernetes.Interface            { return h.client }
func (host) GetMounter() mount.Interface                      { return nil }
func (host) GetNodeAllocatable() (corev1.ResourceList, error) { return nil, nil }
func (h host) DeleteServiceAccountTokenFunc() func(podUID types.UID) {
	return h.tokens.DeleteServiceAccountToken
}

func (h host) GetServiceAccountTokenFunc() func(string, string, *authenticationv1.TokenRequest) (*authenticationv1.TokenRequest, error) {
	return h.tokens.GetServiceAccountToken
}

func (h host) GetSecretFunc() func(namespace, name string) (*corev1.Secret, error) {
	return func(namespace, name string) (*corev1.Secret, error) {
		return h.client.CoreV1().Secrets(namespace).Get(h.ctx, name, metav1.GetOptions{})
	}
}

func (h host) GetConfigMapFunc() func(namespace, name string) (*corev1.ConfigMap, error) {
	return func(namespace, name string) (*corev1.ConfigMap, error) {
		return h.client.CoreV1().ConfigMaps(namespace).Get(h.ctx, name, metav1.GetOptions{})
	}
}

// environment returns a container's variables. Those that tell of the node's size are left out: KWOK's has a thousand cores.
func (m *mounts) environment(pod *corev1.Pod, container corev1.Container) (map[string]string, error) {
	variables, store := map[string]string{}, env.NewResourceStore()
	for _, variable := range container.Env {
		value, err := expand(variable.Value, variables), error(nil)
		switch from := variable.ValueFrom; {
		case from == nil:
		case from.ResourceFieldRef != nil:
			continue
		case from.FieldRef != nil:
			value, err = fieldOf(pod, from.FieldRef.FieldPath)
		default:
			value, err = env.GetEnvVarRefValue(m.client, pod.Namespace, store, from, pod, &container)
			if err != nil && isOptional(from) {
				continue
			}
		}
		if err != nil {
			return nil, fmt.Errorf("variable %s: %w", variable.Name, err)
		}
		variables[variable.Name] = value
	}
	return variables, nil
}

func isOptional(from *corev1.EnvVarSource) bool {
	return from.SecretKeyRef != nil && ptr.Deref(from.SecretKeyRef.Optional, false) ||
		from.ConfigMapKeyRef != nil && ptr.Deref(from.ConfigMapKeyRef.Optional, false)
}

// fieldOf knows what a kubelet adds to the fields of the object.
func fieldOf(pod *corev1.Pod, path string) (string, error) {
	added := map[string]string{
		"spec.nodeName":           pod.Spec.NodeName,
		"spec.serviceAccountName": pod.Spec.ServiceAccountName,
		"status.hostIP":           pod.Status.HostIP,
		"status.podIP":            pod.Status.PodIP,
	}
	if value, ok := added[path]; ok {
		return value, nil
	}
	return fieldpath.ExtractFieldPathAsString(pod, path)
}

// expand replaces each $(NAME), as Kubernetes does in arguments and values.
func expand(text string, variables map[string]string) string {
	return expansion.Expand(text, expansion.MappingFuncFor(variables))
}
