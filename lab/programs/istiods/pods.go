package main

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	informers "k8s.io/client-go/informers/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/ptr"
)

var isIstiod = labels.SelectorFromSet(labels.Set{"app": "istiod"})

// pods follows the pods of the cluster's istiods. KWOK has given them an address; from there on they are this program's.
type pods struct {
	options
	ctx    context.Context
	server string
	client kubernetes.Interface
	mounts *mounts
	dir    string

	mutex   sync.Mutex
	running map[types.UID]*pod
}

func newPods(ctx context.Context, o options, server string, client kubernetes.Interface) (*pods, error) {
	dir, err := filepath.Abs("pods")
	if err != nil {
		return nil, err
	}
	// What is left of an earlier run: its processes have ended with it.
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	mounts, err := newMounts(ctx, client)
	if err != nil {
		return nil, err
	}
	return &pods{options: o, ctx: ctx, server: server, client: client, mounts: mounts, dir: dir, running: map[types.UID]*pod{}}, nil
}

func (p *pods) follow(core informers.Interface) error {
	mounted := handler(p.mountedChanged, p.mountedChanged)
	for _, follow := range []struct {
		informer cache.SharedIndexInformer
		handler  cache.ResourceEventHandler
	}{
		{core.Pods().Informer(), handler(p.see, func(object *corev1.Pod) { p.end(object.UID, 0) })},
		{core.Secrets().Informer(), mounted},
		{core.ConfigMaps().Informer(), mounted},
	} {
		if _, err := follow.informer.AddEventHandler(follow.handler); err != nil {
			return err
		}
	}
	return nil
}

func handler[T any](seen, gone func(T)) cache.ResourceEventHandler {
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { seen(object.(T)) },
		UpdateFunc: func(_, object any) { seen(object.(T)) },
		DeleteFunc: func(object any) {
			if unknown, ok := object.(cache.DeletedFinalStateUnknown); ok {
				object = unknown.Obj
			}
			gone(object.(T))
		},
	}
}

// see starts what a pod asks for once it is placed, and ends it once the pod is to go.
func (p *pods) see(object *corev1.Pod) {
	if !isIstiod.Matches(labels.Set(object.Labels)) {
		return
	}
	if object.DeletionTimestamp != nil {
		grace := time.Duration(ptr.Deref(object.DeletionGracePeriodSeconds, 30)) * time.Second
		if !p.end(object.UID, grace) {
			p.remove(object)
		}
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if _, ok := p.running[object.UID]; ok || object.Status.PodIP == "" {
		return
	}
	started := newPod(p, object)
	p.running[object.UID] = started
	go func() {
		started.run()
		p.mutex.Lock()
		delete(p.running, object.UID)
		p.mutex.Unlock()
		p.remove(object)
	}()
}

// end asks a pod's process to end within grace; false where there is none.
func (p *pods) end(uid types.UID, grace time.Duration) bool {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	running, ok := p.running[uid]
	if ok {
		running.end(grace)
	}
	return ok
}

// remove takes a pod away that has ended, as a kubelet does.
func (p *pods) remove(object *corev1.Pod) {
	if p.ctx.Err() != nil {
		return
	}
	p.mounts.tokens.DeleteServiceAccountToken(object.UID)
	_ = p.client.CoreV1().Pods(object.Namespace).Delete(p.ctx, object.Name, metav1.DeleteOptions{
		GracePeriodSeconds: new(int64),
		Preconditions:      &metav1.Preconditions{UID: &object.UID},
	})
}

func (p *pods) mountedChanged(object metav1.Object) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, running := range p.running {
		if running.object.Namespace == object.GetNamespace() {
			time.AfterFunc(p.mountDelay, running.mountAgain)
		}
	}
}

// find returns the running pod for which accept holds.
func (p *pods) find(accept func(*pod) bool) *pod {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, running := range p.running {
		if accept(running) {
			return running
		}
	}
	return nil
}
