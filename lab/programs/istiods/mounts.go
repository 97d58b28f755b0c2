package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/kubernetes/pkg/fieldpath"
	"k8s.io/kubernetes/pkg/kubelet/token"
	volumeutil "k8s.io/kubernetes/pkg/volume/util"

	"k8s.io/kubernetes/pkg/volume/configmap"
	"k8s.io/kubernetes/pkg/volume/secret"
	"k8s.io/kubernetes/third_party/forked/golang/expansion"
)

// mounts lays out a pod's volumes with the kubelet's own code: each change arrives whole, by one rename.
type mounts struct {
	ctx    context.Context
	client kubernetes.Interface
	tokens *token.Manager
}

type files = map[string]volumeutil.FileProjection

// lay puts each volume below dir, and a link to it where the container mounts it.
func (m *mounts) lay(pod *corev1.Pod, dir string) error {
	for _, volume := range pod.Spec.Volumes {
		folder := filepath.Join(dir, "volumes", volume.Name)
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
		content, err := m.content(pod, volume.VolumeSource)
		if err != nil {
			return fmt.Errorf("volume %s: %w", volume.Name, err)
		}
		if content == nil {
			continue
		}
		writer, err := volumeutil.NewAtomicWriter(folder, volume.Name)
		if err != nil {
			return err
		}
		if err := writer.Write(content, nil); err != nil {
			return fmt.Errorf("volume %s: %w", volume.Name, err)
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

// content returns a volume's files; nil for a folder that the container fills itself.
func (m *mounts) content(pod *corev1.Pod, volume corev1.VolumeSource) (files, error) {
	switch {
	case volume.EmptyDir != nil:
		return nil, nil
	case volume.Secret != nil:
		s := volume.Secret
		return m.secret(pod.Namespace, s.SecretName, s.Items, s.DefaultMode, s.Optional)
	case volume.ConfigMap != nil:
		c := volume.ConfigMap
		return m.configMap(pod.Namespace, c.Name, c.Items, c.DefaultMode, c.Optional)
	case volume.Projected != nil:
		all := files{}
		for _, source := range volume.Projected.Sources {
			some, err := m.projection(pod, source, volume.Projected.DefaultMode)
			if err != nil {
				return nil, err
			}
			maps.Copy(all, some)
		}
		return all, nil
	default:
		return nil, errors.New("a lab mounts Secrets, ConfigMaps, projections of these and empty folders only")
	}
}

func (m *mounts) projection(pod *corev1.Pod, source corev1.VolumeProjection, mode *int32) (files, error) {
	switch {
	case source.Secret != nil:
		return m.secret(pod.Namespace, source.Secret.Name, source.Secret.Items, mode, source.Secret.Optional)
	case source.ConfigMap != nil:
		return m.configMap(pod.Namespace, source.ConfigMap.Name, source.ConfigMap.Items, mode, source.ConfigMap.Optional)
	case source.DownwardAPI != nil:
		content := files{}
		for _, item := range source.DownwardAPI.Items {
			if item.FieldRef == nil {
				continue
			}
			value, err := fieldpath.ExtractFieldPathAsString(pod, item.FieldRef.FieldPath)
			if err != nil {
				return nil, err
			}
			content[item.Path] = volumeutil.FileProjection{Data: []byte(value), Mode: ptrOr(mode, 0o600)}
		}
		return content, nil
	case source.ServiceAccountToken != nil:
		request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
			ExpirationSeconds: source.ServiceAccountToken.ExpirationSeconds,
			BoundObjectRef:    &authenticationv1.BoundObjectReference{APIVersion: "v1", Kind: "Pod", Name: pod.Name, UID: pod.UID},
		}}
		if audience := source.ServiceAccountToken.Audience; audience != "" {
			request.Spec.Audiences = []string{audience}
		}
		answer, err := m.tokens.GetServiceAccountToken(pod.Namespace, pod.Spec.ServiceAccountName, request)
		if err != nil {
			return nil, err
		}
		return files{source.ServiceAccountToken.Path: {Data: []byte(answer.Status.Token), Mode: 0o600}}, nil
	default:
		return nil, errors.New("a lab projects Secrets, ConfigMaps, fields of the pod and tokens only")
	}
}

func (m *mounts) secret(namespace, name string, items []corev1.KeyToPath, mode *int32, optional *bool) (files, error) {
	object, err := m.client.CoreV1().Secrets(namespace).Get(m.ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) && ptrOr(optional, false) {
		object, err = &corev1.Secret{}, nil
	}
	if err != nil {
		return nil, err
	}
	return secret.MakePayload(items, object, mode, ptrOr(optional, false))
}

func (m *mounts) configMap(namespace, name string, items []corev1.KeyToPath, mode *int32, optional *bool) (files, error) {
	object, err := m.client.CoreV1().ConfigMaps(namespace).Get(m.ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) && ptrOr(optional, false) {
		object, err = &corev1.ConfigMap{}, nil
	}
	if err != nil {
		return nil, err
	}
	return configmap.MakePayload(items, object, mode, ptrOr(optional, false))
}

// environment returns a container's variables. Those that tell of the node's size are left out: KWOK's has a thousand cores.
func (m *mounts) environment(pod *corev1.Pod, container corev1.Container) (map[string]string, error) {
	variables := map[string]string{}
	for _, variable := range container.Env {
		value, given, err := m.value(pod, variable, variables)
		if err != nil {
			return nil, fmt.Errorf("variable %s: %w", variable.Name, err)
		}
		if given {
			variables[variable.Name] = value
		}
	}
	return variables, nil
}

func (m *mounts) value(pod *corev1.Pod, variable corev1.EnvVar, known map[string]string) (string, bool, error) {
	from := variable.ValueFrom
	switch {
	case from == nil:
		return expand(variable.Value, known), true, nil
	case from.FieldRef != nil:
		value, err := fieldOf(pod, from.FieldRef.FieldPath)
		return value, true, err
	case from.SecretKeyRef != nil:
		object, err := m.client.CoreV1().Secrets(pod.Namespace).Get(m.ctx, from.SecretKeyRef.Name, metav1.GetOptions{})
		if err != nil {
			return "", false, unless(from.SecretKeyRef.Optional, err)
		}
		value, ok := object.Data[from.SecretKeyRef.Key]
		return string(value), ok, nil
	case from.ConfigMapKeyRef != nil:
		object, err := m.client.CoreV1().ConfigMaps(pod.Namespace).Get(m.ctx, from.ConfigMapKeyRef.Name, metav1.GetOptions{})
		if err != nil {
			return "", false, unless(from.ConfigMapKeyRef.Optional, err)
		}
		value, ok := object.Data[from.ConfigMapKeyRef.Key]
		return value, ok, nil
	default:
		return "", false, nil
	}
}

func unless(optional *bool, err error) error {
	if ptrOr(optional, false) && apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// fieldOf knows what a kubelet adds to the fields of the object.
func fieldOf(pod *corev1.Pod, path string) (string, error) {
	switch path {
	case "spec.nodeName":
		return pod.Spec.NodeName, nil
	case "spec.serviceAccountName":
		return pod.Spec.ServiceAccountName, nil
	case "status.hostIP":
		return pod.Status.HostIP, nil
	case "status.podIP":
		return pod.Status.PodIP, nil
	default:
		return fieldpath.ExtractFieldPathAsString(pod, path)
	}
}

// expand replaces each $(NAME), as Kubernetes does in arguments and values.
func expand(text string, variables map[string]string) string {
	return expansion.Expand(text, expansion.MappingFuncFor(variables))
}
