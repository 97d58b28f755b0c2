package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// What istiod listens on, with the flag that moves it. A process shares this machine's ports with others: it gets free ones.
var listeners = []struct {
	port int32
	flag string
}{
	{8080, "--httpAddr"},
	{15010, "--grpcAddr"},
	{15012, "--secureGRPCAddr"},
	{15014, "--monitoringAddr"},
	{15017, "--httpsAddr"},
}

const (
	probeInterval = 100 * time.Millisecond
	serviceToken  = "/var/run/secrets/kubernetes.io/serviceaccount"
)

// pod is one istiod: a process that is started again whenever it ends, until the pod goes.
type pod struct {
	*pods
	object   *corev1.Pod
	dir      string
	changed  chan struct{}
	stopped  context.Context
	stop     context.CancelFunc
	grace    time.Duration
	restarts int32

	ports sync.Map // container port: port of this machine
	ready atomic.Bool
}

func newPod(p *pods, object *corev1.Pod) *pod {
	stopped, stop := context.WithCancel(p.ctx)
	started := &pod{
		pods:    p,
		object:  object,
		dir:     filepath.Join(p.dir, object.Namespace+"_"+object.Name),
		changed: make(chan struct{}, 1),
		stopped: stopped,
		stop:    stop,
	}
	if statuses := object.Status.ContainerStatuses; len(statuses) > 0 && statuses[0].State.Running != nil {
		// Its process has ended with the one that started it.
		started.restarts = statuses[0].RestartCount + 1
	}
	return started
}

func (p *pod) mountAgain() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

func (p *pod) end(grace time.Duration) {
	if p.stopped.Err() == nil {
		p.grace = grace
		p.stop()
	}
}

func (p *pod) run() {
	defer os.RemoveAll(p.dir)
	if !p.mount() {
		return
	}
	mounting := make(chan struct{})
	go func() {
		defer close(mounting)
		p.followMounts()
	}()
	defer func() { <-mounting }()
	// As a kubelet: at once, then after 10 s, doubled up to 5 minutes. A pod that ran for 10 minutes starts afresh.
	delay := wait.Backoff{Duration: 10 * time.Second, Factor: 2, Steps: 6, Cap: 5 * time.Minute}
	backoff := delay
	for p.stopped.Err() == nil {
		began := time.Now()
		problem := p.process()
		if p.stopped.Err() != nil {
			return
		}
		log.Printf("%s/%s: %s", p.object.Namespace, p.object.Name, problem)
		p.report(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{
			Reason:  "CrashLoopBackOff",
			Message: fmt.Sprintf("%s; its log is %s", problem, p.logFile()),
		}}, false)
		p.restarts++
		if time.Since(began) > 10*time.Minute {
			backoff = delay
		}
		if p.restarts > 1 {
			p.pause(backoff.Step())
		}
	}
}

// mount lays out what the pod mounts, and waits for what is not there yet; false where the pod went first.
func (p *pod) mount() bool {
	told := ""
	return wait.PollUntilContextCancel(p.stopped, probeInterval, true, func(context.Context) (bool, error) {
		err := errors.Join(p.mounts.lay(p.object, p.dir), p.writeKubeconfig())
		if err != nil && err.Error() != told {
			told = err.Error()
			p.report(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating", Message: told}}, false)
		}
		return err == nil, nil
	}) == nil
}

// followMounts follows every change of what is mounted; tokens are renewed as they age.
func (p *pod) followMounts() {
	renew := time.NewTicker(time.Minute)
	defer renew.Stop()
	for {
		select {
		case <-p.changed:
		case <-renew.C:
		case <-p.stopped.Done():
			return
		}
		if err := p.mounts.lay(p.object, p.dir); err != nil {
			log.Printf("%s/%s: %v", p.object.Namespace, p.object.Name, err)
		}
	}
}

// writeKubeconfig gives the process the pod's own identity: it may do what its service account may.
func (p *pod) writeKubeconfig() error {
	name := p.object.Name
	config := clientcmdapi.NewConfig()
	config.Clusters[name] = &clientcmdapi.Cluster{
		Server: p.server, CertificateAuthority: filepath.Join(p.root(), serviceToken, "ca.crt"),
	}
	config.AuthInfos[name] = &clientcmdapi.AuthInfo{TokenFile: filepath.Join(p.root(), serviceToken, "token")}
	config.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name}
	config.CurrentContext = name
	return clientcmd.WriteToFile(*config, p.kubeconfig())
}

func (p *pod) root() string       { return filepath.Join(p.dir, "root") }
func (p *pod) kubeconfig() string { return filepath.Join(p.dir, "kubeconfig") }
func (p *pod) logFile() string    { return p.dir + ".log" }

// process runs istiod until it ends, and says how it ended.
func (p *pod) process() error {
	command, err := p.command()
	if err != nil {
		return err
	}
	output, err := os.OpenFile(p.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer output.Close()
	command.Stdout, command.Stderr = output, output

	// Linux ends the process with the thread that has started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := command.Start(); err != nil {
		return err
	}
	began := metav1.Now()
	running := corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: began}}
	p.report(running, false)
	probing, stopProbing := context.WithCancel(p.stopped)
	probed := make(chan struct{})
	go func() {
		defer close(probed)
		p.probe(probing, running)
	}()
	asked := context.AfterFunc(p.stopped, func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		time.AfterFunc(p.grace, func() { _ = command.Process.Kill() })
	})
	defer asked()
	err = command.Wait()
	stopProbing()
	<-probed
	p.ports.Clear()
	if err == nil {
		return fmt.Errorf("istiod has ended")
	}
	return fmt.Errorf("istiod has ended: %w", err)
}

func (p *pod) command() (*exec.Cmd, error) {
	container := p.object.Spec.Containers[0]
	variables, err := p.mounts.environment(p.object, container)
	if err != nil {
		return nil, err
	}
	var args []string
	for _, argument := range container.Args {
		args = append(args, expand(argument, variables))
	}
	args = append(args, "--kubeconfig="+p.kubeconfig(), "--ctrlz_port=0")
	for _, listener := range listeners {
		free, err := freePort()
		if err != nil {
			return nil, err
		}
		p.ports.Store(listener.port, free)
		args = append(args, fmt.Sprintf("%s=127.0.0.1:%d", listener.flag, free))
	}
	command := exec.Command(p.program(container.Image), args...)
	command.Dir = p.root()
	// The container's working directory is its root folder; what istiod mounts it finds from there.
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.root()}
	for name, value := range variables {
		command.Env = append(command.Env, name+"="+value)
	}
	command.SysProcAttr = endsWithParent()
	return command, nil
}

// program returns the istiod of an image, by its tag.
func (p *pod) program(image string) string {
	tag := image[strings.LastIndex(image, ":")+1:]
	program := filepath.Join(p.programs, filepath.Base(tag))
	if _, err := os.Stat(program); tag != "" && err == nil {
		return program
	}
	return filepath.Join(p.programs, "default")
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// probe asks whether istiod is ready, and makes the pod so.
func (p *pod) probe(ctx context.Context, running corev1.ContainerState) {
	client := http.Client{Timeout: 5 * time.Second}
	wait.UntilWithContext(ctx, func(context.Context) {
		ready := false
		if address, err := p.address(listeners[0].port); err == nil {
			if answer, err := client.Get("http://" + address + "/ready"); err == nil {
				answer.Body.Close()
				ready = answer.StatusCode < http.StatusBadRequest
			}
		}
		if ready != p.ready.Load() && ctx.Err() == nil {
			p.report(running, ready)
		}
	}, probeInterval)
}

// address returns where on this machine the process listens for what the pod has on port.
func (p *pod) address(port int32) (string, error) {
	free, ok := p.ports.Load(port)
	if !ok {
		return "", fmt.Errorf("istiod %s does not listen on %d", p.object.Name, port)
	}
	return fmt.Sprintf("127.0.0.1:%d", free), nil
}

// isKnownAs tells whether remotes come to this istiod by a DNS name, which nobody serves here.
func (p *pod) isKnownAs(host string) bool {
	for _, variable := range p.object.Spec.Containers[0].Env {
		if variable.Name == "ISTIOD_CUSTOM_HOST" {
			return slices.Contains(strings.Split(variable.Value, ","), host)
		}
	}
	return false
}

func (p *pod) pause(duration time.Duration) {
	select {
	case <-time.After(duration):
	case <-p.stopped.Done():
	}
}

// report writes the pod's status, as the kubelet does.
func (p *pod) report(state corev1.ContainerState, ready bool) {
	p.ready.Store(ready)
	container := p.object.Spec.Containers[0]
	truth := corev1.ConditionFalse
	if ready {
		truth = corev1.ConditionTrue
	}
	now := metav1.Now()
	started := state.Running != nil
	status := corev1.PodStatus{
		Phase: corev1.PodRunning,
		Conditions: []corev1.PodCondition{
			{Type: corev1.PodReady, Status: truth, LastTransitionTime: now},
			{Type: corev1.ContainersReady, Status: truth, LastTransitionTime: now},
		},
		ContainerStatuses: []corev1.ContainerStatus{{
			Name: container.Name, Image: container.Image, State: state, Ready: ready, Started: &started, RestartCount: p.restarts,
		}},
	}
	patch, err := json.Marshal(map[string]any{"status": status})
	if err == nil {
		_, err = p.client.CoreV1().Pods(p.object.Namespace).
			Patch(p.ctx, p.object.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	}
	if err != nil && p.stopped.Err() == nil {
		log.Printf("%s/%s: its status cannot be written: %v", p.object.Namespace, p.object.Name, err)
		// Written again by the next probe.
		p.ready.Store(!ready)
	}
}
