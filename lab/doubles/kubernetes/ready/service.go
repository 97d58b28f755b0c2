package ready

import (
	"context"
	"errors"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	watchtools "k8s.io/client-go/tools/watch"
)

// settle is how long the endpoints of a Service must not change before it counts as ready.
const settle = 10 * time.Second

// The real provider still watches Endpoints, not EndpointSlices.
var endpointsResource = schema.GroupVersionResource{Version: "v1", Resource: "endpoints"}

func isService(obj *unstructured.Unstructured) bool {
	return obj.GroupVersionKind().GroupKind() == schema.GroupKind{Kind: "Service"}
}

// service is what is known of a Service that is being waited for.
type service struct {
	obj *unstructured.Unstructured
	// hasPods and pending tell of ready and of not yet ready addresses behind it.
	hasPods, pending bool
	// settled when the endpoints have not changed for a while.
	settled bool
}

func (s *service) ready() bool {
	if !s.targetsPods() {
		return s.hasAddress()
	}
	return s.hasAddress() && s.settled && !s.pending
}

// readyEnough is what a timeout or a cancellation lets pass.
func (s *service) readyEnough() bool { return s.hasAddress() && !s.pending }

func (s *service) specType() string {
	specType, _, _ := unstructured.NestedString(s.obj.Object, "spec", "type")
	return specType
}

func (s *service) headless() bool {
	clusterIP, _, _ := unstructured.NestedString(s.obj.Object, "spec", "clusterIP")
	return clusterIP == "None"
}

func (s *service) targetsPods() bool {
	selector, _, _ := unstructured.NestedMap(s.obj.Object, "spec", "selector")
	return s.specType() != "ExternalName" && !s.headless() && len(selector) > 0
}

func (s *service) hasAddress() bool {
	ingress, _, _ := unstructured.NestedSlice(s.obj.Object, "status", "loadBalancer", "ingress")
	return s.specType() != "LoadBalancer" || len(ingress) > 0
}

func (s *service) reasons() []string {
	var reasons []string
	if s.specType() == "ExternalName" || s.headless() {
		return nil
	}
	if !s.hasPods {
		reasons = append(reasons, "Service does not target any Pods. Selected Pods may not be ready, or "+
			"field '.spec.selector' may not match labels on any Pods")
	}
	if !s.hasAddress() {
		reasons = append(reasons, "Service was not allocated an IP address; does your cloud provider support this?")
	}
	return reasons
}

func (s *service) seeEndpoints(endpoints *unstructured.Unstructured) {
	s.hasPods, s.pending = false, false
	subsets, _, _ := unstructured.NestedSlice(endpoints.Object, "subsets")
	for _, subset := range subsets {
		if subset, ok := subset.(map[string]any); ok {
			addresses, _ := subset["addresses"].([]any)
			notReady, _ := subset["notReadyAddresses"].([]any)
			s.hasPods = s.hasPods || len(addresses) > 0
			s.pending = s.pending || len(notReady) > 0
		}
	}
}

func (w Wait) checkService(ctx context.Context) (bool, []string) {
	s := &service{obj: w.Live, settled: true}
	if s.targetsPods() {
		client := w.Cluster.Resource(endpointsResource, w.Live.GetNamespace())
		if endpoints, err := client.Get(ctx, w.Live.GetName(), metav1.GetOptions{}); err == nil {
			s.seeEndpoints(endpoints)
		}
	}
	return s.ready(), s.reasons()
}

func (w Wait) awaitService(ctx context.Context) (*unstructured.Unstructured, error) {
	s := &service{obj: w.Live}
	if s.ready() {
		return s.obj, nil
	}
	client, err := w.Cluster.Client(w.Live)
	if err != nil {
		return s.obj, err
	}
	name := w.Live.GetName()
	_, _, services, servicesDone := watchtools.NewIndexerInformerWatcher(
		single(client, name), &unstructured.Unstructured{})
	_, _, endpoints, endpointsDone := watchtools.NewIndexerInformerWatcher(
		single(w.Cluster.Resource(endpointsResource, w.Live.GetNamespace()), name), &unstructured.Unstructured{})
	defer func() {
		services.Stop()
		endpoints.Stop()
		<-servicesDone
		<-endpointsDone
	}()
	return w.watchService(ctx, s, services.ResultChan(), endpoints.ResultChan())
}

func (w Wait) watchService(
	ctx context.Context, s *service, services, endpoints <-chan watch.Event,
) (*unstructured.Unstructured, error) {
	w.Report("[1/3] Finding Pods to direct traffic to")
	var quiet <-chan time.Time
	for !s.ready() {
		select {
		case <-ctx.Done():
			if s.readyEnough() {
				return s.obj, nil
			}
			message := w.stopped(ctx, ctx.Err(), timedOut(w.Live.GetName(), nil))
			return s.obj, &Error{Object: s.obj, message: message, reasons: s.reasons()}
		case event, ok := <-services:
			if !ok {
				return s.obj, errors.New("the watch of the Service ended")
			}
			if obj, ok := event.Object.(*unstructured.Unstructured); ok && event.Type != watch.Deleted {
				s.obj = obj
			}
		case event, ok := <-endpoints:
			if !ok {
				return s.obj, errors.New("the watch of the Service's endpoints ended")
			}
			s.settled, quiet = false, time.After(settle)
			if obj, ok := event.Object.(*unstructured.Unstructured); ok && event.Type != watch.Deleted {
				s.seeEndpoints(obj)
			}
		case <-quiet:
			s.settled = true
			if s.hasPods && !s.hasAddress() {
				w.Report("[2/3] Attempting to allocate IP address to Service")
			}
		}
	}
	w.Report("Service initialization complete")
	return s.obj, nil
}
