package main

import (
	"os"
	"path/filepath"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

var mode = int32(0o644)

func secretVolume(name string, optional bool) corev1.Volume {
	return corev1.Volume{Name: name, VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{
		SecretName: name, DefaultMode: &mode, Optional: &optional,
	}}}
}

func istiodPod(volumes ...corev1.Volume) *corev1.Pod {
	mountsOf := []corev1.VolumeMount{}
	for _, volume := range volumes {
		mountsOf = append(mountsOf, corev1.VolumeMount{Name: volume.Name, MountPath: "/etc/" + volume.Name})
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "istiod-1", Namespace: "istio-system", UID: "1", Labels: map[string]string{"app": "istiod"}},
		Spec: corev1.PodSpec{
			ServiceAccountName: "istiod",
			Volumes:            volumes,
			Containers:         []corev1.Container{{Name: "discovery", VolumeMounts: mountsOf}},
		},
		Status: corev1.PodStatus{PodIP: "10.81.0.7"},
	}
}

func cacerts(root string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "cacerts", Namespace: "istio-system"},
		Data:       map[string][]byte{"root-cert.pem": []byte(root), "ca-key.pem": []byte("key of " + root)},
	}
}

func mountsOf(t *testing.T, objects ...*corev1.Secret) (*mounts, *fake.Clientset) {
	client := fake.NewClientset()
	for _, object := range objects {
		if err := client.Tracker().Add(object); err != nil {
			t.Fatal(err)
		}
	}
	m, err := newMounts(t.Context(), client)
	if err != nil {
		t.Fatal(err)
	}
	return m, client
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestAChangedSecretReplacesAllFilesByOneRename(t *testing.T) {
	m, client := mountsOf(t, cacerts("A"))
	pod, dir := istiodPod(secretVolume("cacerts", true)), t.TempDir()
	if err := m.lay(pod, dir); err != nil {
		t.Fatal(err)
	}
	before := filepath.Join(dir, "root/etc/cacerts/..data")
	first, err := os.Readlink(before)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, dir, "root/etc/cacerts/root-cert.pem"); got != "A" {
		t.Errorf("root-cert.pem is %q", got)
	}

	if _, err := client.CoreV1().Secrets("istio-system").Update(t.Context(), cacerts("B"), metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := m.lay(pod, dir); err != nil {
		t.Fatal(err)
	}
	if got := read(t, dir, "root/etc/cacerts/ca-key.pem"); got != "key of B" {
		t.Errorf("ca-key.pem is %q", got)
	}
	if second, _ := os.Readlink(before); second == first {
		t.Error("the folder behind ..data is still the old one")
	}
}

func TestAnOptionalSecretThatIsMissingIsAnEmptyFolderAndAnyOtherAnError(t *testing.T) {
	m, _ := mountsOf(t)
	dir := t.TempDir()
	if err := m.lay(istiodPod(secretVolume("cacerts", true)), dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "root/etc/cacerts")); err != nil {
		t.Error(err)
	}
	if err := m.lay(istiodPod(secretVolume("needed", false)), dir); err == nil {
		t.Error("a Secret that must be there is missed by nobody")
	}
}

func TestAProjectionHoldsSecretsFieldsOfThePodAndATokenOfItsServiceAccount(t *testing.T) {
	m, client := mountsOf(t, cacerts("A"))
	client.PrependReactor("create", "serviceaccounts/token", func(action clienttesting.Action) (bool, runtime.Object, error) {
		request := action.(clienttesting.CreateAction).GetObject().(*authenticationv1.TokenRequest)
		request.Status.Token = "token for " + request.Spec.Audiences[0] + ", bound to " + request.Spec.BoundObjectRef.Name
		return true, request, nil
	})
	hour := int64(3600)
	pod, dir := istiodPod(corev1.Volume{Name: "all", VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
		DefaultMode: &mode,
		Sources: []corev1.VolumeProjection{
			{Secret: &corev1.SecretProjection{LocalObjectReference: corev1.LocalObjectReference{Name: "cacerts"}}},
			{DownwardAPI: &corev1.DownwardAPIProjection{Items: []corev1.DownwardAPIVolumeFile{
				{Path: "name", FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}},
			}}},
			{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token", Audience: "istio-ca", ExpirationSeconds: &hour}},
		},
	}}}, corev1.Volume{Name: "empty", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}), t.TempDir()
	if err := m.lay(pod, dir); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"root-cert.pem": "A", "name": "istiod-1", "token": "token for istio-ca, bound to istiod-1",
	} {
		if got := read(t, dir, "root/etc/all", file); got != want {
			t.Errorf("%s is %q, not %q", file, got, want)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "root/etc/empty/new"), nil, 0o600); err != nil {
		t.Error(err)
	}
}

func TestVariablesAreThoseOfThePodWithoutTheSizeOfItsNode(t *testing.T) {
	m, _ := mountsOf(t, cacerts("A"))
	got, err := m.environment(istiodPod(), corev1.Container{Env: []corev1.EnvVar{
		{Name: "REVISION", Value: "default"},
		{Name: "BOTH", Value: "$(REVISION)-$(ABSENT)"},
		{Name: "SERVICE_ACCOUNT", ValueFrom: field("spec.serviceAccountName")},
		{Name: "INSTANCE_IP", ValueFrom: field("status.podIP")},
		{Name: "POD_NAME", ValueFrom: field("metadata.name")},
		{Name: "ROOT", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: "cacerts"}, Key: "root-cert.pem",
		}}},
		{Name: "GOMAXPROCS", ValueFrom: &corev1.EnvVarSource{ResourceFieldRef: &corev1.ResourceFieldSelector{Resource: "limits.cpu"}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"REVISION": "default", "BOTH": "default-$(ABSENT)", "SERVICE_ACCOUNT": "istiod",
		"INSTANCE_IP": "10.81.0.7", "POD_NAME": "istiod-1", "ROOT": "A",
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, not %q", name, got[name], value)
		}
	}
	if len(got) != len(want) {
		t.Errorf("variables: %v", got)
	}
}

func field(path string) *corev1.EnvVarSource {
	return &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: path}}
}
