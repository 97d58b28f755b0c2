package main

import (
	"context"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"
)

// The test's own program plays istiod where it is started with istiod's arguments.
func TestMain(m *testing.M) {
	for _, argument := range os.Args {
		if address, ok := strings.CutPrefix(argument, "--httpAddr="); ok {
			http.HandleFunc("/ready", func(http.ResponseWriter, *http.Request) {})
			http.HandleFunc("/pid", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(os.Getpid()) })
			panic(http.ListenAndServe(address, nil))
		}
	}
	flag.Parse()
	os.Exit(m.Run())
}

// started runs istiod for a pod, and tells of each status that is written for it.
func started(t *testing.T) (*pods, *corev1.Pod, <-chan corev1.PodStatus) {
	istiods := t.TempDir()
	if err := os.Symlink(os.Args[0], istiods+"/default"); err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	object := istiodPod()
	client := fake.NewClientset(object)
	statuses := make(chan corev1.PodStatus, 100)
	client.PrependReactor("patch", "pods", func(action clienttesting.Action) (bool, runtime.Object, error) {
		var written corev1.Pod
		if err := json.Unmarshal(action.(clienttesting.PatchAction).GetPatch(), &written); err != nil {
			t.Error(err)
		}
		statuses <- written.Status
		return true, object, nil
	})
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	followed, err := newPods(ctx, options{programs: istiods}, "https://127.0.0.1:6443", client)
	if err != nil {
		t.Fatal(err)
	}
	followed.see(object)
	return followed, object, statuses
}

func awaitReady(statuses <-chan corev1.PodStatus, ready bool) corev1.ContainerStatus {
	for {
		if status := (<-statuses).ContainerStatuses[0]; status.Ready == ready {
			return status
		}
	}
}

func pidOf(t *testing.T, p *pods) int {
	t.Helper()
	running := p.find(func(*pod) bool { return true })
	address, err := running.address(8080)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Get("http://" + address + "/pid")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var pid int
	if err := json.NewDecoder(answer.Body).Decode(&pid); err != nil {
		t.Fatal(err)
	}
	return pid
}

func TestAPodIsReadyWhenItsProcessIsAndIsStartedAgainWhenThatEnds(t *testing.T) {
	p, _, statuses := started(t)
	if first := awaitReady(statuses, true); first.RestartCount != 0 {
		t.Errorf("restarted %d times", first.RestartCount)
	}
	first := pidOf(t, p)
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if waiting := awaitReady(statuses, false).State.Waiting; waiting == nil || waiting.Reason != "CrashLoopBackOff" {
		t.Errorf("it is %v", waiting)
	}
	if again := awaitReady(statuses, true); again.RestartCount != 1 {
		t.Errorf("restarted %d times", again.RestartCount)
	}
	if second := pidOf(t, p); second == first {
		t.Error("the process is still the killed one")
	}
}

func TestAPodThatIsAskedToGoEndsItsProcessAndIsDeleted(t *testing.T) {
	p, object, statuses := started(t)
	awaitReady(statuses, true)
	pid := pidOf(t, p)
	deleted := make(chan struct{})
	p.client.(*fake.Clientset).PrependReactor("delete", "pods", func(clienttesting.Action) (bool, runtime.Object, error) {
		close(deleted)
		return true, nil, nil
	})
	going := object.DeepCopy()
	going.DeletionTimestamp = &metav1.Time{}
	p.see(going)
	<-deleted
	if err := syscall.Kill(pid, 0); err == nil {
		t.Error("the process still runs")
	}
	if _, err := os.Stat("pods/istio-system_istiod-1"); !os.IsNotExist(err) {
		t.Error("what it mounted is still there")
	}
}
